package ops

import (
	"context"
	"io"

	"example.org/kmodsh/internal/kernel"
)

func threadsVerb() *Verb {
	return &Verb{
		Name: "threads", Aliases: []string{"th"}, Group: groupDebug,
		Short:    "show the threads: where each stands, and what it waits for",
		Usage:    "[--all]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(threadsCommand) },
		Examples: []string{"threads", "threads --all"},
	}
}

type threadsCommand struct {
	All bool `help:"Also those that have ended and were started by the kernel."`
}

func (c *threadsCommand) Run(ctx context.Context, s *Session) (Result, error) {
	snap, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	r := &ThreadsResult{Target: snap.Target, Pos: snap.Pos, End: snap.End, Now: snap.Now, Threads: []kernel.ThreadState{}}
	for _, t := range snap.Threads {
		if c.All || !t.Done || t.Task != "" {
			r.Threads = append(r.Threads, t)
		}
	}
	return r, nil
}

// ThreadsResult is a list of threads.
type ThreadsResult struct {
	Target  string               `json:"target"`
	Pos     int                  `json:"pos"`
	End     int                  `json:"end"`
	Now     int64                `json:"now_ns"`
	Threads []kernel.ThreadState `json:"threads"`
}

// WriteText writes the list as a table.
func (r *ThreadsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Threads) == 0 {
		t.line("no threads")
		return t.err
	}
	rows := [][]cell{header("thread", "status", "task", "where")}
	for _, th := range r.Threads {
		task := th.Task
		if task == "" {
			task = th.Comm + ", for " + th.Parent
		}
		color := plain
		switch th.Status {
		case "ready":
			color = green
		case "blocked":
			color = yellow
		case "held":
			color = magenta
		}
		where := threadWhere(th)
		if th.Module != "" && !th.Done {
			where += ", " + th.Module
		}
		rows = append(rows, []cell{str(th.ID), painted(th.Status, color), str(task), str(where)})
	}
	t.table(rows)
	t.line("position %d of %d, %s", r.Pos, r.End, clock(r.Now))
	return t.err
}
