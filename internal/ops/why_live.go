package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// WhyLive is what a kernel shows of a module, and what that means for who
// wants to load or unload it.
type WhyLive struct {
	kernel.Module
	// Order is what has to be unloaded, in order, to be rid of it: those that
	// use it first, itself last.
	Order []string `json:"unload_order,omitempty"`
	Says  string   `json:"says"`
}

// maxFailures bounds how many refusals a session remembers.
const maxFailures = 64

// remember keeps a refusal, for why to explain.
func (s *Session) remember(err error) {
	var le *kernel.LoadError
	if !errors.As(err, &le) || le.Module == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == nil || len(s.failures) >= maxFailures {
		s.failures = map[string]*kernel.LoadError{}
	}
	s.failures[le.Module] = le
}

// live adds what the target's kernel shows of the modules, and why the last
// attempt to load one failed.
func (r *WhyResult) live(ctx context.Context, s *Session, c *refusal.Checker) error {
	t := s.Target()
	if t.Can(kernel.OpModules) != nil {
		return nil
	}
	list, err := t.Modules(ctx)
	if err != nil {
		return err
	}
	byName := map[string]kernel.Module{}
	for _, m := range list {
		byName[m.Name] = m
	}
	var log []string
	if t.Can(kernel.OpLog) == nil {
		log, _ = t.Log(ctx, 0) // what cannot be read explains nothing
	}
	s.mu.Lock()
	failures := s.failures
	s.mu.Unlock()
	for _, m := range r.Modules {
		row, loaded := byName[m.Module]
		if loaded {
			r.Live = append(r.Live, liveOf(row, byName))
		}
		le := failures[m.Module]
		switch {
		case le != nil && le.Why != "":
			r.Failed = append(r.Failed, "the last attempt failed: "+kernel.ErrnoName(le.Errno)+": "+le.Why)
			continue
		case le != nil && le.Op == "insert":
			if why := c.Answer(le, func() []refusal.Finding { return r.findings(m.Module) }); why != "" {
				r.Failed = append(r.Failed, "the last attempt failed: "+kernel.ErrnoName(le.Errno)+": "+why)
				continue
			}
		}
		if loaded {
			continue
		}
		if why := c.Answer(&kernel.LoadError{Module: m.Module, Log: about(log, m.Module)}, nil); why != "" {
			r.Failed = append(r.Failed, "the kernel's log tells of an attempt that failed: "+why)
		}
	}
	return nil
}

// findings are what was found in the files that are loaded with a module.
func (r *WhyResult) findings(module string) (out []refusal.Finding) {
	for _, c := range r.Checks {
		if c.Of == module {
			out = append(out, c.Findings...)
		}
	}
	return out
}

// about picks the lines of a log that begin with a module's name, behind the
// time; the last of them only count.
func about(log []string, module string) (out []string) {
	for _, l := range log {
		text := l
		if strings.HasPrefix(text, "[") {
			_, text, _ = strings.Cut(text, "] ")
		}
		if strings.HasPrefix(text, module+":") || strings.HasPrefix(text, "module "+module+":") {
			out = append(out, text)
		}
	}
	const most = 8
	return out[max(0, len(out)-most):]
}

// liveOf says what a row of the module list means.
func liveOf(m kernel.Module, all map[string]kernel.Module) WhyLive {
	w := WhyLive{Module: m}
	users := slices.DeleteFunc(slices.Clone(m.Users), func(u string) bool { return u == "" })
	switch {
	case m.State == trace.Coming:
		w.Says = "it is being loaded by somebody else at this moment: a second load waits for it, and it is not there before it is live"
	case m.State == trace.Going:
		w.Says = "it is being unloaded at this moment: a load waits until it is gone"
	case m.Permanent:
		w.Says = "it is loaded and cannot be unloaded: it has no exit function"
	case len(users) > 0:
		w.Order = kmod.UnloadOrder(m.Name, func(n string) []string { return all[n].Users })
		w.Says = fmt.Sprintf("it is loaded, and in use by %s; to be rid of it: rmmod %s", strings.Join(users, ", "), strings.Join(w.Order, " "))
		if extra := m.Refs - int64(len(users)); extra > 0 {
			w.Says += fmt.Sprintf("; %s by something that is no module (an open device, a mount, a socket)", wording.Count(int(extra), "further reference is held", "further references are held"))
		}
	case m.Refs > 0:
		w.Says = fmt.Sprintf("it is loaded, and %s by something that is no module: an open device, a mount, a socket (lsof, findmnt, ss); it can be unloaded when these are gone", wording.Count(int(m.Refs), "reference is held", "references are held"))
	default:
		w.Says = "it is loaded, and nobody uses it: rmmod " + m.Name
	}
	return w
}

// live writes what the kernel shows of a module.
func (t *text) live(list []WhyLive, module string) {
	for _, m := range list {
		if m.Name == module {
			t.wrap("  now: ", 7, string(m.State)+", "+m.Says)
		}
	}
}
