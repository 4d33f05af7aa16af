package explore

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/sim"
)

// finish judges a schedule that has come to its end.
func (s *search) finish() {
	s.pass.Schedules++
	s.longest = max(s.longest, s.depth)
	key := endHash(s.run)
	if _, ok := s.ends[key]; ok && len(s.problem.Promises) == 0 {
		return
	} else if !ok {
		s.ends[key] = struct{}{}
		if text := Outcome(s.run); !slices.Contains(s.outcomes, text) {
			s.outcomes = append(s.outcomes, text)
		}
	}
	for i := range s.problem.Promises {
		if p := &s.problem.Promises[i]; p.End != nil {
			s.judge(p, p.End(s.run))
		}
	}
}

// judge keeps the first schedule that breaks a promise.
func (s *search) judge(p *Promise, says string) {
	if says == "" {
		return
	}
	for _, b := range s.broken {
		if b.Promise == p.Name {
			return
		}
	}
	s.broken = append(s.broken, Broken{Promise: p.Name, Says: says, Schedule: s.present(), Outcome: Outcome(s.run)})
	if !s.options.All {
		s.halt("what comes after the first schedule that breaks a promise")
	}
}

// present is the schedule of the path up to now.
func (s *search) present() Schedule {
	list := make(Schedule, s.depth)
	for i, f := range s.path[:s.depth] {
		list[i] = uint16(f.index)
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
func Outcome(r *sim.Run) string {
	w := r.World()
	var parts []string
	for i := range w.Len() {
		t := w.At(i)
		o := r.Outcome(t.ID)
		if o == nil {
			continue
		}
		switch {
		case t.Status() != sim.Done:
			parts = append(parts, t.ID+" waits forever")
		case o.Killed:
			parts = append(parts, t.ID+" was killed")
		default:
			p := fmt.Sprintf("%s=%d", t.ID, o.Ret)
			if o.Verdict != "" {
				p += " " + string(o.Verdict)
			}
			if o.State != "" {
				p += " " + string(o.State)
			}
			parts = append(parts, p)
		}
	}
	var mods []string
	for i := range w.Modules() {
		m := w.Module(i)
		mods = append(mods, fmt.Sprintf("%s %s %d", m.Name, m.State, m.ShownRefs()))
	}
	slices.Sort(mods)
	if len(mods) > 0 {
		parts = append(parts, "modules: "+strings.Join(mods, ", "))
	}
	return strings.Join(parts, "; ")
}
