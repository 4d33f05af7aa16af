package explore

import (
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/walk"
)

// Delays makes of a schedule a list of faults that make it likely where nobody
// is held and stepped: each thread is made late, at the stop at which the
// schedule leaves it, by one slot for each turn of others until it goes on; one
// that begins later is late at its first stop. Threads are named by their IDs.
func Delays(p *Problem, actions []sim.Action, points walk.Points, slot time.Duration) ([]kernel.Fault, error) {
	run := sim.NewRun(p.System, p.Profile)
	defer run.Close()
	type standing struct {
		at    string
		hit   int
		since int // turn
	}
	where := map[string]standing{}
	hits := map[[2]string]int{}
	begun := map[string]bool{}
	spawned := map[string]bool{}
	number, last := 0, ""
	var list []kernel.Fault
	for _, a := range actions {
		seen := len(run.World().Events())
		if err := run.Do(a); err != nil {
			return nil, err
		}
		if a.Kind == sim.DoSpawn {
			spawned[a.Thread] = true
		}
		if a.Kind != sim.DoStep {
			continue
		}
		if last != "" && last != a.Thread {
			number++
		}
		last = a.Thread
		t := run.World().Thread(a.Thread)
		if s, ok := where[a.Thread]; ok && number-s.since > 1 {
			list = append(list, kernel.Fault{Point: s.at, Thread: a.Thread, Hit: s.hit, Delay: time.Duration(number-s.since) * slot})
		}
		delete(where, a.Thread)
		at := arrival(run.World().Events()[seen:], t, points)
		if at == "" {
			continue
		}
		hits[[2]string{a.Thread, at}]++
		if !begun[a.Thread] && spawned[a.Thread] && number > 0 {
			list = append(list, kernel.Fault{Point: at, Thread: a.Thread, Hit: 1, Delay: time.Duration(number) * slot})
		}
		begun[a.Thread] = true
		if t.Status() == sim.Ready {
			where[a.Thread] = standing{at, hits[[2]string{a.Thread, at}], number}
		}
	}
	return list, nil
}
