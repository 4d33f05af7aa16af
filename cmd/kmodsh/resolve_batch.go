package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/ops"
)

// batch answers many names, one line for each in their order: the modules
// separated by blanks, or the lines of mode D separated by tabs. A name that
// stands for nothing gives an empty line; only a tree that cannot be read is an
// error. What is more than one portion is shared by the processors, each with a
// resolver of its own.
type batch struct {
	mode string // ops.ModeNames or ops.ModeSteps
	dir  string
	open func() (*kmod.Resolver, error)
}

const (
	// maxBatchName bounds the length in bytes of a line of names; longer ones are
	// no names, and end the batch.
	maxBatchName = 64 << 10
	// batchPortion is how many names are answered at a time: some milliseconds.
	batchPortion = 512
	// maxBatchWorkers bounds how often the tree is opened.
	maxBatchWorkers = 8
)

// portion is some names, and the lines that answer them.
type portion struct {
	names []string
	text  bytes.Buffer
	err   error
	done  chan struct{} // closed when answered
}

// lines puts words below each other.
func lines(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, "\n") + "\n"
}

// run reads names from in until it ends or ctx does, and writes the answers to w.
func (b *batch) run(ctx context.Context, w io.Writer, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	r, err := b.open() // a tree that is not there is told before names are read
	if err != nil {
		return err
	}
	work, more := make(chan *portion), make(chan struct{})
	workers.Go(func() { b.answerAll(ctx, r, work) })
	for range min(runtime.GOMAXPROCS(0), maxBatchWorkers) - 1 {
		workers.Go(func() {
			select {
			case <-more: // than one portion: one is answered sooner than a tree is opened
				b.join(ctx, work)
			case <-ctx.Done():
			}
		})
	}
	inOrder := make(chan *portion, 2*maxBatchWorkers)
	var broken error // read after inOrder is closed
	go func() {      // it may wait for input for ever: nobody waits for it
		defer close(inOrder)
		names := bufio.NewScanner(in)
		names.Buffer(make([]byte, 0, 4096), maxBatchName)
		for n := 0; ; n++ {
			p := &portion{done: make(chan struct{})}
			for len(p.names) < batchPortion && names.Scan() {
				p.names = append(p.names, strings.TrimSpace(names.Text()))
			}
			if len(p.names) == 0 {
				break
			}
			if n == 1 {
				close(more)
			}
			select {
			case inOrder <- p:
			case <-ctx.Done():
				return
			}
			select {
			case work <- p:
			case <-ctx.Done():
				return
			}
		}
		broken = names.Err()
	}()
	for {
		select {
		case p, ok := <-inOrder:
			if !ok {
				return broken
			}
			select {
			case <-p.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if _, err := p.text.WriteTo(w); err != nil || p.err != nil {
				return errors.Join(p.err, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// join is a further worker. One that cannot open the tree is none, as the first
// has it open.
func (b *batch) join(ctx context.Context, work <-chan *portion) {
	if r, err := b.open(); err == nil {
		b.answerAll(ctx, r, work)
	}
}

// answerAll answers portions until ctx ends.
func (b *batch) answerAll(ctx context.Context, r *kmod.Resolver, work <-chan *portion) {
	defer r.Tree().Close()
	for {
		select {
		case p := <-work:
			p.err = b.answer(r, p)
			close(p.done)
		case <-ctx.Done():
			return
		}
	}
}

// answer writes the lines of a portion, those before an error too.
func (b *batch) answer(r *kmod.Resolver, p *portion) error {
	sep := " "
	if b.mode == ops.ModeSteps {
		sep = "\t"
	}
	for _, name := range p.names {
		found, err := b.resolve(r, name)
		if err != nil {
			return err
		}
		for i, l := range found {
			if i > 0 {
				p.text.WriteString(sep)
			}
			p.text.WriteString(l)
		}
		p.text.WriteByte('\n')
	}
	return nil
}

func (b *batch) resolve(r *kmod.Resolver, name string) (found []string, err error) {
	if b.mode == ops.ModeSteps {
		found, err = r.ShowDepends(name, b.dir, kmod.PlanOptions{})
	} else {
		found, err = r.ShowNames(name)
	}
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrInvalidName) {
		err = nil
	}
	return found, err
}
