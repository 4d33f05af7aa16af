package export

import (
	"fmt"
	"slices"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// faultRules are the rules of the driver for the faults in force at the end,
// which hold no thread: holds are a part of the schedule.
func faultRules(r *recording.Recording, from int) (rules []inject.Rule, err error) {
	for _, f := range r.End().Faults {
		rule := inject.Rule{N: from + len(rules), Point: f.Point, Module: f.Module, Hit: f.Hit}
		switch {
		case f.Fail > 0:
			rule.Do, rule.Errno = inject.DoFail, f.Fail
		case f.Delay > 0:
			rule.Do, rule.Delay = inject.DoDelay, f.Delay
		default:
			continue
		}
		if f.Thread != "" {
			return nil, fmt.Errorf("the fault at %s is for one thread, which a script does not know beforehand", f.Point)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// expected is what the script looks for at the end of each thread.
func expected(r *recording.Recording, id string) (ret int64, done bool) {
	t := r.End().Thread(id)
	if t == nil {
		return 0, false
	}
	return t.Result, t.Done
}

// concerned says whether the threads of a trace had to do with a module: others
// are there on one machine and not on the next.
func concerned(r *recording.Recording, module string) bool {
	return slices.ContainsFunc(r.Events, func(e trace.Event) bool { return e.Module == module && e.Thread.ID != "" })
}

// stateAtEnd is the state, as /proc/modules shows it, that each module has when
// a thread ends; "" is not there.
func stateAtEnd(r *recording.Recording, id string) map[string]string {
	states := map[string]string{}
	found := false
	r.Walk(func(s *kernel.Snapshot) bool {
		t := s.Thread(id)
		if t == nil || !t.Done {
			return true
		}
		found = true
		for _, m := range s.Modules {
			states[m.Name] = ""
		}
		for _, m := range s.Listed {
			states[m.Name] = string(m.State)
		}
		return false
	})
	if !found {
		return nil
	}
	return states
}
