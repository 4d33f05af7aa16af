package ops

import (
	"context"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

// maxFlood bounds how many requests one flood makes.
const maxFlood = 10000

func floodVerb() *Verb {
	return &Verb{
		Name: "flood", Group: groupFaults,
		Short:    "make many threads that request the same name",
		Usage:    "[--getfs | --nowait] N NAME",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(floodCommand) },
		Examples: []string{"flood 56 nosuch", "flood --getfs 10 ext4", "flood --nowait 3 fs-xfs"},
	}
}

type floodCommand struct {
	Getfs  bool   `help:"They call get_fs_type(), as a mount does, not request_module()."`
	Nowait bool   `help:"They do not wait for the helper."`
	N      int    `arg:"" name:"n" help:"How many."`
	Name   string `arg:"" help:"What is requested."`
}

func (c *floodCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	switch {
	case c.N < 1 || c.N > maxFlood:
		return nil, &UsageError{Msg: fmt.Sprintf("a flood is of 1 to %d requests", maxFlood)}
	case c.Getfs && c.Nowait:
		return nil, &UsageError{Msg: "get_fs_type() always waits: --getfs and --nowait do not go together"}
	}
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	task := kernel.Task{Verb: "request", Name: c.Name, NoWait: c.Nowait}
	if c.Getfs {
		task.Verb = "getfs"
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	s.changing(d)
	r := &SpawnResult{Threads: []string{}, Task: task.String()}
	for n := 1; len(r.Threads) < c.N; n++ {
		id := fmt.Sprintf("f%d", n)
		if n <= len(snap.Threads) && snap.Thread(id) != nil {
			continue // of an earlier flood
		}
		s.Progress("threads", int64(len(r.Threads)), int64(c.N))
		if err := d.Spawn(ctx, id, task); err != nil {
			if len(r.Threads) == 0 {
				return nil, err
			}
			return r, err // those that were made are there
		}
		r.Threads = append(r.Threads, id)
	}
	return r, nil
}

func (c *floodCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) != 1 {
		return nil
	}
	return append(match(word, requestForms()), s.completeModules(word)...)
}
