package ops

import (
	"context"
	"io"

	"example.org/kmodsh/internal/kernel"
)

func logVerb() *Verb {
	return &Verb{
		Name: "log", Aliases: []string{"dmesg"}, Group: groupLook,
		Short:    "show the last lines of the kernel's log",
		Usage:    "[-n COUNT]",
		Needs:    []kernel.Op{kernel.OpLog},
		New:      func() Command { return new(logCommand) },
		Examples: []string{"log", "log -n 100"},
	}
}

type logCommand struct {
	Count int `short:"n" help:"How many lines; 0 is all there are." default:"20" placeholder:"COUNT"`
}

func (c *logCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Count < 0 {
		return nil, &UsageError{Msg: "-n must not be negative"}
	}
	t := s.Target()
	lines, err := t.Log(ctx, c.Count)
	if err != nil {
		return nil, err
	}
	return &LogResult{Target: t.Name(), Lines: full(lines)}, nil
}

// LogResult is the end of a kernel log.
type LogResult struct {
	Target string   `json:"target"`
	Lines  []string `json:"lines"`
}

// WriteText writes the lines, long ones folded.
func (r *LogResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Lines) == 0 {
		t.line("the kernel's log is empty")
	}
	for _, l := range r.Lines {
		for i, part := range fold(clean(l, st.ASCII), t.width-4) {
			if i > 0 {
				part = "    " + part
			}
			t.print(part + "\n")
		}
	}
	return t.err
}
