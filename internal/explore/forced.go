package explore

import (
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// Route is what is to be done to a target so that it takes a schedule.
type Route struct {
	list []force
	// ways are the stops of each thread on the schedule, in order. A target may
	// have others between them, or lack some: modules differ in their attributes.
	ways map[string][]string
	// stays: threads are left where the last of it took them.
	stays bool
}

// force is one thing to do: an action, or a thread to be moved.
type force struct {
	action *sim.Action    // spawn, fault, set ...; nil for a move
	again  *kernel.Action // the same of a machine's session
	pos    int            // position it led to there
	thread string         // its name, as package walk names threads
	// stops is how far on its way the thread is to have come; rests says that it
	// then waits or has ended, past that it goes on once more, as it stands
	// between two stops in the end.
	stops int
	rests bool
	past  bool
	at    string // the last of them, for people
}

// segment is what a thread does from one stop to the next.
type segment struct {
	thread      string
	first, last int // actions
	stops       int
	rests, past bool
	at          string
}

// way notes the stops that a thread comes to, one after the other, each with
// which time it is.
type way struct {
	stops []string
	times map[string]int
	read  int // of stops, by progress
}

// come notes a stop and returns its name on the way.
func (w *way) come(e trace.Event) string {
	key := e.Point
	if e.Point == "W5" { // each attribute is a stop
		if key += " " + e.Name; e.Name == "" {
			key += e.Detail
		}
	}
	if w.times == nil {
		w.times = map[string]int{}
	}
	w.times[key]++
	key = fmt.Sprintf("%s %d", key, w.times[key])
	w.stops = append(w.stops, key)
	return key
}

// Forces makes of what was done to a run, of which every point is a step, what
// is to be done to a target that stops only at some: what a thread does between
// two stops is one move. It is made where the first of its steps was, or where
// the last was when late is true: which of the two has the same effect, if
// either, is found out by trying.
func Forces(p *Problem, actions []sim.Action, points walk.Points, late bool) (*Route, error) {
	run := sim.NewRun(p.System, p.Profile)
	defer run.Close()
	open := map[string]*segment{}
	ways := map[string]*way{}
	var done []*segment
	for i, a := range actions {
		seen := len(run.World().Events())
		if err := run.Do(a); err != nil {
			return nil, fmt.Errorf("action %d: %w", i+1, err)
		}
		if a.Kind != sim.DoStep {
			continue
		}
		s := open[a.Thread]
		if s == nil {
			s = &segment{thread: a.Thread, first: i}
			open[a.Thread] = s
		}
		s.last = i
		if ways[a.Thread] == nil {
			ways[a.Thread] = &way{}
		}
		t := run.World().Thread(a.Thread)
		if e, ok := arrival(run.World().Events()[seen:], t, points); ok {
			ways[a.Thread].come(e)
			s.at = e.Point
		} else if t.Status() == sim.Ready {
			continue
		}
		s.stops, s.rests = len(ways[a.Thread].stops), t.Status() == sim.Blocked || t.Status() == sim.Done
		done = append(done, s)
		delete(open, a.Thread)
	}
	for _, s := range open { // what stands between two stops in the end
		s.stops, s.past = len(ways[s.thread].stops), true
		done = append(done, s)
	}
	named := walk.Names(Look(run))
	at := map[int]*segment{}
	for _, s := range done {
		if late {
			at[s.last] = s
		} else {
			at[s.first] = s
		}
	}
	r := &Route{ways: map[string][]string{}}
	for id, w := range ways {
		r.ways[named[id]] = w.stops
	}
	for i := range actions {
		if s := at[i]; s != nil {
			r.list = append(r.list, force{thread: named[s.thread], stops: s.stops, rests: s.rests, past: s.past, at: s.at})
		} else if k := actions[i].Kind; k != sim.DoStep && k != sim.DoAdvance {
			if f := actions[i].Fault; f != nil && f.Lie != "" {
				return nil, errors.New("the schedule has a lie that is told once, which only a simulated kernel can do")
			}
			r.list = append(r.list, force{action: &actions[i]})
		}
	}
	return r, nil
}

// arrival is the event of a thread's coming to a stop, if it did.
func arrival(events []trace.Event, t *sim.Thread, points walk.Points) (e trace.Event, ok bool) {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Thread.ID != t.ID {
			continue
		}
		if events[i].Point == t.At() && walk.Counts(events[i], points.Stops) {
			return events[i], true
		}
		return e, false
	}
	return e, false
}
