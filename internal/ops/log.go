package ops

import (
	"context"
	"io"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

func logVerb() *Verb {
	return &Verb{
		Name: "log", Aliases: []string{"dmesg"}, Group: groupLook,
		Short:    "show the last lines of the kernel's log",
		Usage:    "[-n COUNT] [WORD...]",
		Needs:    []kernel.Op{kernel.OpLog},
		New:      func() Command { return new(logCommand) },
		Examples: []string{"log", "log -n 100", "log -n 0 ext4"},
	}
}

type logCommand struct {
	Count int      `short:"n" help:"How many lines; 0 is all there are." default:"20" placeholder:"COUNT"`
	Words []string `arg:"" optional:"" name:"word" sep:"none" help:"Only lines that have all of these words."`
}

func (c *logCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Count < 0 {
		return nil, &UsageError{Msg: "-n must not be negative"}
	}
	t := s.Target()
	count := c.Count
	if len(c.Words) > 0 {
		count = 0 // the last of those that have them
	}
	lines, err := t.Log(ctx, count)
	if err != nil {
		return nil, err
	}
	if len(c.Words) > 0 {
		lines = slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !HasWords(c.Words, l) })
		lines = kernel.LastLines(lines, c.Count)
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
