package ops

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"example.org/kmodsh/internal/kernel"
)

func gotoVerb() *Verb {
	return &Verb{
		Name: "goto", Aliases: []string{"g"}, Group: groupDebug,
		Short:    "go to a position or a mark, back or forth",
		Usage:    "N | MARK | end",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(gotoCommand) },
		Examples: []string{"goto 0", "goto 42", "goto window", "goto end"},
	}
}

type gotoCommand struct {
	To string `arg:"" help:"A position, a mark, or end: the last position known."`
}

func (c *gotoCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	_, end := d.Pos()
	pos, found := end, c.To == "end"
	s.withDebug(func(st *debugState) {
		if i := slices.IndexFunc(st.marks, func(m mark) bool { return m.name == c.To }); i >= 0 {
			pos, found = st.marks[i].pos, true
		}
	})
	if !found {
		if pos, err = strconv.Atoi(c.To); err != nil {
			return nil, &UsageError{Msg: quoteShort(c.To) + " is neither a position nor a mark"}
		}
	}
	if pos < 0 || pos > end {
		return nil, &UsageError{Msg: fmt.Sprintf("there is no position %d: they go from 0 to %d", pos, end)}
	}
	return s.moveTo(ctx, d, pos)
}

func (c *gotoCommand) Complete(s *Session, before []string, word string) []Candidate {
	list := []Candidate{{Text: "end", Note: "the last position known"}}
	s.withDebug(func(st *debugState) {
		for _, m := range st.marks {
			list = append(list, Candidate{Text: m.name, Note: fmt.Sprintf("position %d", m.pos)})
		}
	})
	return match(word, list)
}
