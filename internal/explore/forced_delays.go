package explore

import (
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/walk"
)

// Late is a thread that is to be late at a stop of its way.
type Late struct {
	Thread string // as the target of the schedule names it
	name   string // as package walk does
	stop   int    // on its way
	Delay  time.Duration
}

// Delays makes of a schedule what makes it likely where nobody is held and
// stepped: each thread is late, at the stop at which the schedule leaves it, by
// one slot for each turn of others until it goes on; one that begins later, or
// a helper that begins later than it was made, is late at its first stop.
func Delays(p *Problem, actions []sim.Action, points walk.Points, slot time.Duration) ([]Late, error) {
	run := sim.NewRun(p.System, p.Profile)
	defer run.Close()
	type standing struct {
		stop  int
		since int // turn
	}
	where := map[string]standing{}
	stops := map[string]int{}
	made := map[string]int{} // turn in which a thread was made; the spawned ones all begin at once
	number, last := 0, ""
	var list []Late
	for _, a := range actions {
		seen := len(run.World().Events())
		if err := run.Do(a); err != nil {
			return nil, err
		}
		if a.Kind == sim.DoSpawn {
			made[a.Thread] = 0
		}
		if a.Kind != sim.DoStep {
			continue
		}
		if last != "" && last != a.Thread {
			number++
		}
		last = a.Thread
		for _, one := range Look(run).Threads {
			if _, known := made[one.ID]; !known {
				made[one.ID] = number
			}
		}
		t := run.World().Thread(a.Thread)
		if s, ok := where[a.Thread]; ok && number-s.since > 1 {
			list = append(list, Late{Thread: a.Thread, stop: s.stop, Delay: time.Duration(number-s.since) * slot})
		}
		delete(where, a.Thread)
		if _, ok := arrival(run.World().Events()[seen:], t, points); !ok {
			continue
		}
		if waited := number - made[a.Thread]; stops[a.Thread] == 0 && waited > 0 {
			list = append(list, Late{Thread: a.Thread, Delay: time.Duration(waited) * slot})
		}
		if t.Status() == sim.Ready {
			where[a.Thread] = standing{stops[a.Thread], number}
		}
		stops[a.Thread]++
	}
	named := walk.Names(Look(run))
	for i := range list {
		list[i].name = named[list[i].Thread]
	}
	return list, nil
}

// Fault is the fault that makes a thread late on a target where the schedule
// was forced: at the same stop, or where the target has none such at the next
// that it has. Threads are named by that target's IDs.
func (f *Forced) Fault(l Late) (kernel.Fault, bool) {
	t := f.State.Thread(l.name)
	on := f.route.ways[l.name]
	if t == nil || f.came[t.ID] == nil || l.stop >= len(on) {
		return kernel.Fault{}, false
	}
	came := f.came[t.ID].stops
	for _, key := range on[l.stop:] {
		i := slices.Index(came, key)
		if i < 0 {
			continue
		}
		point, _, _ := strings.Cut(key, " ")
		hit := 0
		for _, c := range came[:i+1] {
			if p, _, _ := strings.Cut(c, " "); p == point {
				hit++
			}
		}
		return kernel.Fault{Point: point, Thread: t.ID, Hit: hit, Delay: l.Delay}, true
	}
	return kernel.Fault{}, false
}
