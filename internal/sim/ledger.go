package sim

import "slices"

// Kind is a kind of thing a load allocates.
type Kind string

// The kinds the ledger tells apart.
const (
	KindMemory  Kind = "module memory"   // vmalloc, L5
	KindPerCPU  Kind = "per-cpu memory"  // L7
	KindArgs    Kind = "argument string" // L9
	KindString  Kind = "parameter string"
	KindModinfo Kind = "attribute array" // W5
	KindInit    Kind = "init record"     // L17
)

// Entry is one allocation that has not been given back.
type Entry struct {
	Kind   Kind
	Module string
	Thread string
	Detail string
	Point  string // where it was made
}

// Ledger accounts for what each load allocated, so that what an early failure
// leaves behind shows.
type Ledger struct{ open []Entry }

// take notes an allocation.
func (t *Thread) take(k Kind, m *Module, detail string) {
	t.w.ledger.open = append(t.w.ledger.open, Entry{Kind: k, Module: m.Name, Thread: t.ID, Detail: detail, Point: t.at})
}

// give notes that one allocation of that kind was given back.
func (l *Ledger) give(k Kind, module, detail string) {
	i := slices.IndexFunc(l.open, func(e Entry) bool { return e.Kind == k && e.Module == module && e.Detail == detail })
	if i >= 0 {
		l.open = slices.Delete(l.open, i, i+1)
	}
}

// Ledger returns what is allocated now, oldest first.
func (w *World) Ledger() []Entry { return slices.Clone(w.ledger.open) }
