package agent

import (
	"context"
	"time"

	"example.org/kmodsh/internal/trace"
)

// mark notes that a mark came back.
func (s *stream) mark(source int, n uint64) {
	s.mu.Lock()
	s.marks[source] = max(s.marks[source], n)
	s.mu.Unlock()
	select {
	case s.marked <- struct{}{}:
	default:
	}
}

// work begins an operation that may change the module list; the function it
// returns ends it. Meanwhile the list is read every so often.
func (s *stream) work() (done func()) {
	s.mu.Lock()
	s.busy++
	s.mu.Unlock()
	s.nudge()
	return func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}
}

// ended says that a process of ours has ended. Its reports are all in, or will
// be with the next turn.
func (s *stream) ended(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests.ended(pid)
	delete(s.loaders, pid)
}

// sync returns once everything that happened before the call is in the outbox,
// with the number of the last event.
func (s *stream) sync(ctx context.Context) (uint64, error) {
	done := make(chan uint64, 1)
	select {
	case s.syncs <- done:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case seq := <-done:
		return seq, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// fromTracefs says whether an event is one that the driver tells as well: the
// tracepoint at the start of free_module.
func fromTracefs(e trace.Event) bool {
	return e.Source == "tracefs" && e.Point == trace.PointModuleFree
}

// hearDriver adds the driver's events to the stream, in which mark puts marks.
func (s *stream) hearDriver(mark func(n uint64) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.driver = mark
	s.requests.numbered = true
}

// await waits until the mark has come back from the sources it was put into.
func (s *stream) await(n uint64, from [3]bool) {
	patience := time.NewTimer(markWait)
	defer patience.Stop()
	for {
		s.mu.Lock()
		back := true
		for i, wait := range from {
			back = back && (!wait || s.marks[i] >= n)
		}
		s.mu.Unlock()
		if back {
			return
		}
		select {
		case <-s.marked:
		case <-patience.C:
			return
		}
	}
}
