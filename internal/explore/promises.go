package explore

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// Promise is something that is to hold of every schedule.
type Promise struct {
	Name string
	Says string // one sentence
	// End is asked when a schedule has come to its end, Step after every new
	// step; either may be nil. They answer how the promise was broken, "" when
	// it was kept. What Step looks at must be something the steps that change
	// it are known to conflict about, or the search may skip where it shows.
	End, Step func(*sim.Run) string
	// plain: it looks at nothing but what threads were told and how a state
	// differs from others, at a step at nothing but what the step changed, and
	// does not tell threads apart that were spawned to do the same.
	plain bool
	// looks: it looks at nothing but this, and at a state, not at how it came
	// about; nil: not known.
	looks *Looks
}

// Promises returns the table of the promises that come with kmodsh, under the
// names they have in conditions.
func Promises() []Promise {
	list := []Promise{
		{Name: "zero-means-ready", Says: "Whoever is told of success asked for what was live or built in at some moment between the call and the answer.", End: zeroMeansReady},
		{Name: "no-spurious-failure", Says: "Whoever is told of failure finds no live module.", End: noSpuriousFailure},
		{Name: "failure-reaches-its-caller", Says: "A helper that failed is never success to the caller that waited for it.", End: failureReaches},
		{Name: "nothing-leaks", Says: "In the end nothing is allocated but for modules that are live.", End: nothingLeaks},
		{Name: "nobody-waits-forever", Says: "Somebody can always move until all have ended.", End: nobodyWaits},
		{Name: "limit-is-kept", Says: "No more requests run at once than there are permits.", Step: limitIsKept},
		{Name: "refs-balance", Says: "In the end a live module's reference count is the number of its users.", End: refsBalance},
	}
	for i := range list {
		list[i].plain = true
	}
	return list
}

// PromiseByName returns rows of the table.
func PromiseByName(names ...string) ([]Promise, error) {
	var list []Promise
next:
	for _, n := range names {
		var known []string
		for _, p := range Promises() {
			if p.Name == n {
				list = append(list, p)
				continue next
			}
			known = append(known, p.Name)
		}
		return nil, fmt.Errorf("no promise %q: there are %s", n, strings.Join(known, ", "))
	}
	return list, nil
}

// outcomes calls f for each spawned thread that has ended by itself, in order.
func outcomes(r *sim.Run, f func(*sim.Thread, *sim.Outcome) string) string {
	w := r.World()
	for i := range w.Len() {
		t := w.At(i)
		if o := r.Outcome(t.ID); o != nil && o.Done && !o.Killed && t.Status() == sim.Done {
			if says := f(t, o); says != "" {
				return says
			}
		}
	}
	return ""
}

func zeroMeansReady(r *sim.Run) string {
	return outcomes(r, func(t *sim.Thread, o *sim.Outcome) string {
		switch o.Verdict {
		case kernel.Premature, kernel.FalseBuiltin, kernel.Lost:
			if o.Gone {
				return "" // it was there, and somebody has taken it away
			}
			return fmt.Sprintf("%s (%s) was told of success, and the module was %s: %s", t.ID, o.Task, o.State, o.Verdict)
		}
		return ""
	})
}

func noSpuriousFailure(r *sim.Run) string {
	return outcomes(r, func(t *sim.Thread, o *sim.Outcome) string {
		if o.Verdict != kernel.Spurious {
			return ""
		}
		return fmt.Sprintf("%s (%s) was told of failure (%d), and the module was %s", t.ID, o.Task, o.Ret, o.State)
	})
}

// failureReaches looks at helpers whose requester was spawned to request and
// waited: what a module's init makes of its own requests is its affair.
func failureReaches(r *sim.Run) string {
	w := r.World()
	for i := range w.Len() {
		h := w.At(i)
		if h.Parent == nil || h.Status() != sim.Done || h.Exit() == 0 {
			continue
		}
		o := r.Outcome(h.Parent.ID)
		if o == nil || !o.Done || o.Killed || o.Ret != 0 || !strings.HasPrefix(o.Task, "request ") || strings.Contains(o.Task, "--nowait") {
			continue
		}
		return fmt.Sprintf("%s failed (wait status %d), and %s, who waited for it, was told of success", h.ID, h.Exit(), h.Parent.ID)
	}
	return ""
}

// ended says whether every thread has.
func ended(w *sim.World) bool {
	for i := range w.Len() {
		if w.At(i).Status() != sim.Done {
			return false
		}
	}
	return true
}

func nothingLeaks(r *sim.Run) string {
	w := r.World()
	if !ended(w) {
		return ""
	}
	for _, e := range w.Leaks() {
		return fmt.Sprintf("the %s that %s took for %s at %s was never given back", e.Kind, e.Thread, e.Module, e.Point)
	}
	return ""
}

func nobodyWaits(r *sim.Run) string {
	w := r.World()
	for i := range w.Len() {
		if t := w.At(i); t.Status() != sim.Done {
			return fmt.Sprintf("%s waits for %s, and nobody can move any more", t.ID, t.WaitsFor())
		}
	}
	return ""
}

func limitIsKept(r *sim.Run) string {
	used, limit := r.World().Permits()
	if used <= limit {
		return ""
	}
	return fmt.Sprintf("%d requests hold a permit, and there are %d", used, limit)
}

func refsBalance(r *sim.Run) string {
	w := r.World()
	if !ended(w) {
		return ""
	}
	for i := range w.Modules() {
		m := w.Module(i)
		if m.State != trace.Live {
			continue
		}
		if want := int64(len(m.Users) + w.Mounts(m)); m.ShownRefs() != want {
			return fmt.Sprintf("%s is live with %d references, and has %d users", m.Name, m.ShownRefs(), want)
		}
	}
	return ""
}
