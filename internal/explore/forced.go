package explore

import (
	"errors"
	"fmt"

	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// Force is one thing to do to a target so that it takes a schedule: an action,
// or a thread to be moved.
type Force struct {
	Action *sim.Action // spawn, fault, set ...; nil for a move
	Thread string      // its name, as package walk names threads
	// Stops is how many stops the thread is to have come to after it; Rests says
	// that it then waits or has ended.
	Stops int
	Rests bool
	At    string // the last of them, for people
}

// segment is what a thread does from one stop to the next.
type segment struct {
	thread      string
	first, last int // actions
	stops       int
	rests       bool
	at          string
}

// Forces makes of what was done to a run, of which every point is a step, what
// is to be done to a target that stops only at some: what a thread does between
// two stops is one move. It is made where the first of its steps was, or where
// the last was when late is true: which of the two has the same effect, if
// either, is found out by trying.
func Forces(p *Problem, actions []sim.Action, points walk.Points, late bool) ([]Force, error) {
	run := sim.NewRun(p.System, p.Profile)
	defer run.Close()
	open := map[string]*segment{}
	stops := map[string]int{}
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
		t := run.World().Thread(a.Thread)
		if at := arrival(run.World().Events()[seen:], t, points); at != "" {
			stops[a.Thread]++
			s.at = at
		} else if t.Status() == sim.Ready {
			continue
		}
		s.stops, s.rests = stops[a.Thread], t.Status() == sim.Blocked || t.Status() == sim.Done
		done = append(done, s)
		delete(open, a.Thread)
	}
	for _, s := range open { // what stands between two stops in the end
		s.stops = stops[s.thread] + 1
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
	var list []Force
	for i := range actions {
		if s := at[i]; s != nil {
			list = append(list, Force{Thread: named[s.thread], Stops: s.stops, Rests: s.rests, At: s.at})
		} else if k := actions[i].Kind; k != sim.DoStep && k != sim.DoAdvance {
			if f := actions[i].Fault; f != nil && f.Lie != "" {
				return nil, errors.New("the schedule has a lie that is told once, which only a simulated kernel can do")
			}
			list = append(list, Force{Action: &actions[i]})
		}
	}
	return list, nil
}

// arrival is the stop a thread came to, "" none.
func arrival(events []trace.Event, t *sim.Thread, points walk.Points) string {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Thread.ID != t.ID {
			continue
		}
		if events[i].Point == t.At() && walk.Counts(events[i], points.Stops) {
			return t.At()
		}
		return ""
	}
	return ""
}
