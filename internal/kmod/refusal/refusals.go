package refusal

import (
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// Refusals explains what one kernel refused, and looks at nothing before it
// has to: most loads go well.
type Refusals struct {
	Resolver *kmod.Resolver
	System   func() kernel.System
	Release  string

	once    sync.Once
	checker *Checker
}

// OfThisSystem returns what explains the refusals of the kernel this process
// runs on. It does not read through the tree for what the image exports: a
// guest without KVM would take long for it.
func OfThisSystem(r *kmod.Resolver, release string) *Refusals {
	return &Refusals{
		Resolver: r, System: func() kernel.System { return kernel.ReadSystem("") },
		Release: release,
	}
}

// After says why a module was refused: what the kernel logged goes before what
// can be seen in the file, and that before what the errno may mean.
func (x *Refusals) After(s kmod.PlanStep, e *kernel.LoadError) string {
	if e.Errno == 0 {
		return ""
	}
	return x.about().Answer(e, x.look(s))
}

// Seen is After without what the errno alone may mean: "" unless the log or the
// file shows a cause.
func (x *Refusals) Seen(s kmod.PlanStep, e *kernel.LoadError) string {
	if e.Errno == 0 {
		return ""
	}
	return x.about().seen(e, x.look(s))
}

func (x *Refusals) about() *Checker {
	x.once.Do(func() {
		x.checker = &Checker{Resolver: x.Resolver, System: x.System(), Release: x.Release, Light: true}
	})
	return x.checker
}

func (x *Refusals) look(s kmod.PlanStep) func() []Finding {
	if s.File == "" {
		return nil
	}
	return func() []Finding { return x.checker.File(s.Module, s.File, s.Params) }
}

// sentence joins a cause and what mends it.
func sentence(cause, mend string) string {
	if cause == "" || mend == "" {
		return cause
	}
	return cause + "; " + mend
}
