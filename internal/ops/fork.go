package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// maxFutures bounds how many futures one session keeps.
const maxFutures = 16

func forkVerb() *Verb {
	return &Verb{
		Name: "fork", Group: groupDebug,
		Short:    "make another future from here and go to it, or go to one there is",
		Usage:    "[--list] [NAME]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(forkCommand) },
		Examples: []string{"fork", "fork other", "fork main", "fork --list"},
	}
}

type forkCommand struct {
	List bool   `help:"List the futures."`
	Name string `arg:"" optional:"" help:"Its name; one that is there already is gone to. The first future is called main."`
}

func (c *forkCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	if c.Name != "" && !validID(c.Name) {
		return nil, &UsageError{Msg: quoteShort(c.Name) + " is no name for a future: letters, digits, - and _ only"}
	}
	if !c.List {
		if err := s.forkTo(ctx, d, c.Name); err != nil {
			return nil, err
		}
	}
	return s.futuresResult(), nil
}

// forkTo goes to the future of a name, which is made when there is none.
func (s *Session) forkTo(ctx context.Context, d kernel.Debugger, name string) error {
	var list []future
	s.withDebug(func(st *debugState) {
		if len(st.futures) == 0 {
			st.futures = []future{{name: "main", target: d}}
		}
		list = st.futures
	})
	for n := len(list); name == ""; n++ {
		name = fmt.Sprintf("future-%d", n)
		if futureOf(list, name) != nil {
			name = ""
		}
	}
	if f := futureOf(list, name); f != nil {
		s.switchTo(f.target)
		return nil
	}
	if len(list) >= maxFutures {
		return fmt.Errorf("there are %d futures already: that is the limit", len(list))
	}
	twin, err := d.Fork(ctx)
	if err != nil {
		return err
	}
	pos, _ := d.Pos()
	s.withDebug(func(st *debugState) {
		st.futures = append(st.futures, future{name: name, target: twin, from: pos, parent: nameOf(st.futures, d)})
	})
	s.switchTo(twin)
	return nil
}

// switchTo makes another future the target; breakpoints, marks and promises
// stay.
func (s *Session) switchTo(d kernel.Debugger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target != kernel.Target(d) {
		s.target, s.debug.target = d, d
		s.dropTree()
		s.lists = moduleCache{}
	}
}

func futureOf(list []future, name string) *future {
	if i := slices.IndexFunc(list, func(f future) bool { return f.name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

func nameOf(list []future, d kernel.Debugger) string {
	for _, f := range list {
		if f.target == d {
			return f.name
		}
	}
	return "main"
}

// Future is the name of the future the session is in, "" where there is no
// other.
func (s *Session) Future() string {
	name := ""
	s.withDebug(func(st *debugState) {
		for _, f := range st.futures {
			if len(st.futures) > 1 && kernel.Target(f.target) == st.target {
				name = f.name
			}
		}
	})
	return name
}

// closeFutures closes the futures other than t; s.mu is held.
func (s *Session) closeFutures(t kernel.Target) error {
	var errs []error
	for _, f := range s.debug.futures {
		if kernel.Target(f.target) != t {
			errs = append(errs, f.target.Close())
		}
	}
	s.debug.futures = nil
	return errors.Join(errs...)
}

func (s *Session) futuresResult() *ForksResult {
	r := &ForksResult{Futures: []Future{}}
	s.withDebug(func(st *debugState) {
		for _, f := range st.futures {
			pos, _ := f.target.Pos()
			r.Futures = append(r.Futures, Future{Name: f.name, Parent: f.parent, From: f.from, Pos: pos, Present: kernel.Target(f.target) == st.target})
		}
	})
	return r
}

func (c *forkCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeFutures(word)
}

func (s *Session) completeFutures(word string) []Candidate {
	var list []Candidate
	s.withDebug(func(st *debugState) {
		for _, f := range st.futures {
			list = append(list, Candidate{Text: f.name, Note: fmt.Sprintf("from position %d", f.from)})
		}
	})
	return match(word, list)
}

// Future is one of several continuations of a past.
type Future struct {
	Name    string `json:"name"`
	Parent  string `json:"parent,omitempty"` // that it was forked from
	From    int    `json:"from"`             // position where
	Pos     int    `json:"pos"`
	Present bool   `json:"present"`
}

// ForksResult lists the futures.
type ForksResult struct {
	Futures []Future `json:"futures"`
}

// WriteText writes one future on each line, the present one marked.
func (r *ForksResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Futures) == 0 {
		t.line("one future")
	}
	for _, f := range r.Futures {
		mark, from := " ", ""
		if f.Present {
			mark = "*"
		}
		if f.Parent != "" {
			from = fmt.Sprintf(", from %s at %d", f.Parent, f.From)
		}
		t.line("%s %s  position %d%s", mark, f.Name, f.Pos, from)
	}
	return t.err
}
