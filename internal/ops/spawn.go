package ops

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// groupDebug is the heading in help of the verbs that move threads.
const (
	groupDebug  = "debug"
	groupFaults = "faults"
	groupJudge  = "judge"
)

func spawnVerb() *Verb {
	return &Verb{
		Name: "spawn", Group: groupDebug,
		Short: "make a thread that will do something, and stand at its beginning",
		Usage: "ID VERB [FLAG...] NAME [PARAM=VALUE...]",
		Needs: []kernel.Op{kernel.OpDebug},
		New:   func() Command { return new(spawnCommand) },
		Examples: []string{
			"spawn A load ext4", "spawn B request fs-ext4", "spawn C insmod --copy victim init_ms=3000", "spawn D rmmod victim",
		},
	}
}

type spawnCommand struct {
	ID    string   `arg:"" help:"Name of the thread, such as A."`
	Words []string `arg:"" name:"verb" passthrough:"" sep:"none" help:"What it is to do, with its flags and arguments: load, unload, request, getfs, insmod, init, rmmod and others."`
}

func (c *spawnCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if !validID(c.ID) {
		return nil, &UsageError{Msg: quoteShort(c.ID) + " is no name for a thread: letters, digits, - and _ only"}
	}
	task, err := kernel.ParseTask(c.Words)
	if err != nil {
		return nil, err
	}
	s.changing(d)
	if err := d.Spawn(ctx, c.ID, task); err != nil {
		return nil, err
	}
	return &SpawnResult{Threads: []string{c.ID}, Task: task.String()}, nil
}

// validID says whether a thread may be called id.
func validID(id string) bool {
	return id != "" && len(id) <= 32 && id[0] != '-' && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func (c *spawnCommand) Complete(s *Session, before []string, word string) []Candidate {
	d, err := s.debugger()
	if err != nil {
		return nil
	}
	switch len(operands(before)) {
	case 0:
		return nil
	case 1:
		var list []Candidate
		for _, t := range d.Tasks() {
			list = append(list, Candidate{Text: t.Name, Note: t.Value})
		}
		return match(word, list)
	case 2:
		return s.completeModules(word)
	}
	return nil
}

// SpawnResult names threads that were made.
type SpawnResult struct {
	Threads []string `json:"threads"`
	Task    string   `json:"task"`
}

// WriteText writes one line.
func (r *SpawnResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	who := r.Threads[0]
	if n := len(r.Threads); n > 1 {
		who = fmt.Sprintf("%d threads, %s to %s,", n, r.Threads[0], r.Threads[n-1])
	}
	t.wrap("", 2, who+" will "+r.Task)
	return t.err
}
