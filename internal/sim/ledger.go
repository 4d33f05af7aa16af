package sim

import (
	"fmt"
	"slices"
)

// Kind is a kind of thing a load allocates.
type Kind string

// The kinds the ledger tells apart, with where each is taken and given back in
// a load that succeeds.
const (
	KindImage   Kind = "image"            // L1 to L16, the copy of the file
	KindMemory  Kind = "module memory"    // L5 to U9
	KindPerCPU  Kind = "per-cpu memory"   // L7 to U9
	KindArgs    Kind = "argument string"  // L9 to U9 (free_module, kfree(mod->args))
	KindString  Kind = "parameter string" // L13 to U8 (module_destroy_params)
	KindModinfo Kind = "attribute array"  // W5 to U5 (module_remove_modinfo_attrs)
	KindInit    Kind = "init record"      // L17 to L19 (do_init_module, freeinit)
)

// Entry is one allocation that has not been given back.
type Entry struct {
	Kind   Kind   `json:"kind"`
	Module string `json:"module"`
	Thread string `json:"thread"`
	Detail string `json:"detail,omitempty"`
	Point  string `json:"point"` // where it was made

	m *Module
}

// Ledger accounts for what each load allocated, so that what an early failure
// leaves behind shows.
type Ledger struct{ open []Entry }

// take notes an allocation.
func (t *Thread) take(k Kind, m *Module, detail string) {
	t.w.ledger.open = append(t.w.ledger.open, Entry{Kind: k, Module: m.Name, Thread: t.ID, Detail: detail, Point: t.at, m: m})
}

// give notes that an allocation was given back. Giving back what was never
// taken is a mistake of the model itself.
func (t *Thread) give(k Kind, m *Module, detail string) {
	l := &t.w.ledger
	i := slices.IndexFunc(l.open, func(e Entry) bool { return e.m == m && e.Kind == k && e.Detail == detail })
	if i < 0 {
		panic(fmt.Sprintf("sim: %s gives back %s of %s, which it does not hold", t.ID, k, m.Name))
	}
	l.open = slices.Delete(l.open, i, i+1)
}

// Ledger returns what is allocated now, oldest first.
func (w *World) Ledger() []Entry { return slices.Clone(w.ledger.open) }

// Leaks returns what is allocated for no module on the list and by no load
// under way: what nobody will give back any more.
func (w *World) Leaks() []Entry {
	var leaks []Entry
	for _, e := range w.ledger.open {
		if e.m.freed {
			leaks = append(leaks, e)
		}
	}
	return leaks
}
