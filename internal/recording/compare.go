package recording

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Comparison is what two traces do not have in common.
type Comparison struct {
	Common int           // events they begin with alike
	A, B   []trace.Event // all events of each
	Heads  []Difference  // where they were recorded
}

// Difference is one thing as two traces have it.
type Difference struct{ What, A, B string }

// Same says that the events of both are alike from the first to the last.
func (c *Comparison) Same() bool { return c.Common == len(c.A) && c.Common == len(c.B) }

// Compare compares two traces event by event. Numbers, times, processes and
// who reported an event do not count; loosely, only thread, point, module,
// state and what was returned do, so that different kernels can be compared.
func Compare(a, b *Recording, loosely bool) Comparison {
	c := Comparison{A: a.Events, B: b.Events}
	key := Says
	if loosely {
		key = func(e trace.Event) string {
			e.Detail, e.Refs, e.Name = "", nil, ""
			return Says(e)
		}
	}
	for c.Common < len(a.Events) && c.Common < len(b.Events) && key(a.Events[c.Common]) == key(b.Events[c.Common]) {
		c.Common++
	}
	add := func(what, in, other string) {
		if in != other {
			c.Heads = append(c.Heads, Difference{what, in, other})
		}
	}
	add("target", a.Target, b.Target)
	add("kernel", a.Kernel, b.Kernel)
	add("scenario", a.Scenario, b.Scenario)
	given := func(what string, of func(*Given) string) {
		none := func(r *Recording) string {
			if r.Given == nil {
				return "none"
			}
			return cmp.Or(of(r.Given), "none")
		}
		add(what, none(a), none(b))
	}
	given("configuration (-C)", func(g *Given) string { return strings.Join(g.Config, "; ") })
	given("its entries", func(g *Given) string {
		if g.Entries == 0 {
			return ""
		}
		return strconv.Itoa(g.Entries)
	})
	if a.Given != nil && b.Given != nil && a.Given.Entries == b.Given.Entries && slices.Equal(a.Given.Config, b.Given.Config) {
		given("entries that are not kept", (*Given).ConfigSum)
	}
	given("own tree (--tree)", func(g *Given) string { return g.Tree })
	given("own kernel (--kernel)", func(g *Given) string { return g.Kernel })
	// A machine is not made of settings, and has few: those of both are compared.
	all := kernel.IsSim(a.Target) && kernel.IsSim(b.Target)
	at := func(r *Recording, name string) string {
		for _, s := range r.Settings {
			if s.Name == name {
				return s.Value
			}
		}
		return "not there"
	}
	seen := map[string]bool{}
	for _, s := range slices.Concat(a.Settings, b.Settings) {
		inA, inB := at(a, s.Name), at(b, s.Name)
		if !seen[s.Name] && (all || inA != "not there" && inB != "not there") {
			add(s.Name, inA, inB)
		}
		seen[s.Name] = true
	}
	return c
}

// Says is what an event tells, without when and by whom: events that tell the
// same are alike.
func Says(e trace.Event) string {
	who := e.Thread.ID
	if who == "" {
		who = e.Thread.Comm
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%s\x00%s\x00%s\x00%s", who, e.Point, e.Module, e.State, e.Name, e.Detail)
	if e.Ret != nil {
		fmt.Fprintf(&b, "\x00ret %d", *e.Ret)
	}
	if e.Refs != nil {
		fmt.Fprintf(&b, "\x00refs %d", *e.Refs)
	}
	return b.String()
}

// AfterEvents returns what there was to see when so many events had happened,
// nil when no position tells.
func (r *Recording) AfterEvents(n int) *kernel.Snapshot {
	if !r.Steps {
		return r.At(n)
	}
	for i := range r.frames {
		if r.frames[i].events >= n {
			return r.At(r.frames[i].Pos)
		}
	}
	return nil
}
