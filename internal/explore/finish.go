package explore

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// end judges a schedule that has come to its end. Where steps are learned one
// of all ends that are the same is judged, in a world that was brought there.
func (w *worker) end(n *node) error {
	w.schedules.Add(1)
	w.mu.Lock()
	w.found.longest = max(w.found.longest, n.depth)
	known := false
	if w.learn {
		hash := n.im.Hash(-1, nil)
		if _, known = w.ends[hash]; !known && w.memory.take(endBytes) {
			w.ends[hash] = struct{}{}
		}
	}
	w.mu.Unlock()
	defer w.enough()
	if known {
		return nil
	}
	if err := w.boot(); err != nil {
		return err
	}
	if err := w.machine.reach(n); err != nil {
		return fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	run := w.machine.run
	if key := endHash(run); w.newEnd(key) {
		texts := outcomesOf(run, w.alike)
		w.mu.Lock()
		for _, text := range texts {
			if !slices.Contains(w.found.outcomes, text) {
				w.found.outcomes = append(w.found.outcomes, text)
			}
		}
		w.mu.Unlock()
	}
	for i := range w.problem.Promises {
		if p := &w.problem.Promises[i]; p.End != nil {
			if err := w.judge(n, p, p.End(run)); err != nil {
				return err
			}
		}
	}
	return nil
}

// newEnd notes the hash of an outcome, and says whether it is new.
func (p *pass) newEnd(key uint64) bool {
	if p.learn {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.ends[key]
	if !known && p.memory.take(endBytes) {
		p.ends[key] = struct{}{}
	}
	return !known
}

// judge keeps the first schedule that breaks a promise.
func (w *worker) judge(n *node, p *Promise, says string) error {
	if says == "" {
		return nil
	}
	w.mu.Lock()
	known := slices.ContainsFunc(w.found.broken, func(b Broken) bool { return b.Promise == p.Name })
	w.mu.Unlock()
	if known {
		return nil
	}
	if w.machine.came(n); w.machine.at != n.id {
		if err := w.machine.reach(n); err != nil {
			return fmt.Errorf("%s: %w", w.problem.Name, err)
		}
	}
	b := Broken{Promise: p.Name, Says: says, Schedule: n.schedule(), Outcome: Outcome(w.machine.run)}
	w.mu.Lock()
	if !slices.ContainsFunc(w.found.broken, func(o Broken) bool { return o.Promise == p.Name }) {
		w.found.broken = append(w.found.broken, b)
	}
	w.mu.Unlock()
	if !w.options.All {
		w.halt("")
	}
	return nil
}

// pointsReached are the points that threads of a world got to, by ID.
func pointsReached(w *sim.World) (list []string) {
	for _, point := range trace.Points() {
		if w.Reached(point.ID) {
			list = append(list, point.ID)
		}
	}
	return list
}

// endHash is a hash of what Outcome tells.
func endHash(r *sim.Run) uint64 {
	w := r.World()
	h := uint64(1469598103934665603)
	add := func(v uint64) { h = (h ^ v) * 0x9e3779b97f4a7c15; h ^= h >> 29 }
	str := func(s string) {
		for i := range len(s) {
			add(uint64(s[i]))
		}
		add(1 << 20)
	}
	for i := range w.Len() {
		t := w.At(i)
		o := r.Outcome(t.ID)
		if o == nil {
			continue
		}
		add(uint64(i)<<8 | uint64(t.Status()))
		add(uint64(o.Ret))
		str(string(o.Verdict))
		str(string(o.State))
		if o.Killed {
			add(3)
		}
	}
	sum := uint64(0)
	for i := range w.Modules() {
		m := w.Module(i)
		g := h
		h = 0
		str(m.Name)
		str(string(m.State))
		add(uint64(m.ShownRefs()))
		sum += h
		h = g
	}
	add(sum)
	return h
}

// Outcome says in one line how a run ended: what each spawned thread was told,
// and what modules are there. It is the same for schedules that nobody in the
// run could tell apart.
func Outcome(r *sim.Run) string { return outcomesOf(r, false)[0] }

// ending is how one thread ended.
type ending struct {
	class    uint64
	id, text string
}

// outcomesOf is Outcome; where alike is true, with those that differ from it
// only in which of the threads that were spawned to do the same is which.
func outcomesOf(r *sim.Run, alike bool) []string {
	w := r.World()
	var list []ending
	for i := range w.Len() {
		t := w.At(i)
		o := r.Outcome(t.ID)
		if o == nil {
			continue
		}
		e := ending{t.Class(), t.ID, ""}
		switch {
		case t.Status() != sim.Done:
			e.text = " waits forever"
		case o.Killed:
			e.text = " was killed"
		default:
			e.text = fmt.Sprintf("=%d", o.Ret)
			if o.Verdict != "" {
				e.text += " " + string(o.Verdict)
			}
			if o.State != "" {
				e.text += " " + string(o.State)
			}
		}
		list = append(list, e)
	}
	var mods []string
	for i := range w.Modules() {
		m := w.Module(i)
		mods = append(mods, fmt.Sprintf("%s %s %d", m.Name, m.State, m.ShownRefs()))
	}
	slices.Sort(mods)
	end := ""
	if len(mods) > 0 {
		end = "modules: " + strings.Join(mods, ", ")
	}
	var texts []string
	write := func() {
		var parts []string
		for _, e := range list {
			parts = append(parts, e.id+e.text)
		}
		if end != "" {
			parts = append(parts, end)
		}
		texts = append(texts, strings.Join(parts, "; "))
	}
	if !alike {
		write()
		return texts
	}
	exchange(list, 0, write)
	return texts
}

// exchange calls f for each way to exchange the endings of threads of one class
// from the i-th on, each different one once.
func exchange(list []ending, i int, f func()) {
	if i == len(list) {
		f()
		return
	}
	var tried []string
	for j := i; j < len(list); j++ {
		if list[j].class != list[i].class || slices.Contains(tried, list[j].text) {
			continue
		}
		tried = append(tried, list[j].text)
		list[i].text, list[j].text = list[j].text, list[i].text
		exchange(list, i+1, f)
		list[i].text, list[j].text = list[j].text, list[i].text
	}
}
