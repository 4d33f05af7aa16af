package ops

import (
	"context"
	"io"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

func markVerb() *Verb {
	return &Verb{
		Name: "mark", Group: groupDebug,
		Short:    "give the present position a name, or list the names",
		Usage:    "[NAME]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(markCommand) },
		Examples: []string{"mark window", "mark"},
	}
}

type markCommand struct {
	Name string `arg:"" optional:"" help:"The name, letters and digits; without it the marks are listed."`
}

func (c *markCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	if c.Name != "" && (!validID(c.Name) || c.Name == "end" || c.Name[0] >= '0' && c.Name[0] <= '9') {
		return nil, &UsageError{Msg: quoteShort(c.Name) + " is no name for a mark: it must begin with a letter"}
	}
	pos, _ := d.Pos()
	pinner, _ := d.(kernel.Pinner)
	if pinner != nil && c.Name != "" {
		if err := pinner.Pin(ctx, pos); err != nil {
			return nil, err
		}
	}
	r := &MarksResult{Pos: pos, Marks: []Mark{}}
	s.withDebug(func(st *debugState) {
		if c.Name != "" {
			st.setMark(c.Name, pos, pinner)
		}
		for _, m := range st.marks {
			r.Marks = append(r.Marks, Mark{m.name, m.pos})
		}
	})
	return r, nil
}

// setMark gives a position a name, which another may have had until now. That
// one need not be kept any longer.
func (st *debugState) setMark(name string, pos int, p kernel.Pinner) {
	var before []mark
	st.marks = slices.DeleteFunc(st.marks, func(m mark) bool {
		if m.name == name {
			before = append(before, m)
		}
		return m.name == name
	})
	st.marks = append(st.marks, mark{name, pos})
	for _, m := range before {
		if p != nil && !slices.ContainsFunc(st.marks, func(o mark) bool { return o.pos == m.pos }) {
			p.Unpin(m.pos)
		}
	}
}

// Mark is a position with a name.
type Mark struct {
	Name string `json:"name"`
	Pos  int    `json:"pos"`
}

// MarksResult is the list of marks.
type MarksResult struct {
	Pos   int    `json:"pos"`
	Marks []Mark `json:"marks"`
}

// WriteText writes one mark on each line.
func (r *MarksResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Marks) == 0 {
		t.line("no marks")
	}
	for _, m := range r.Marks {
		t.line("%5d  %s", m.Pos, m.Name)
	}
	return t.err
}
