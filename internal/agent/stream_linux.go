package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

const (
	// pollEvery is how often the module list is read while something runs
	// that may change it without a tracepoint.
	pollEvery = 20 * time.Millisecond
	// pollRarely is how often when nothing is heard of for long.
	pollRarely = 320 * time.Millisecond
	// markWait bounds the wait for a mark to come back; it is only reached
	// when tracing is broken or floods over.
	markWait = 2 * time.Second
	// stampError is how much later than it was the kernel's text output may
	// print a time, as it rounds to microseconds.
	stampError = int64(time.Microsecond)
)

// stream makes the one ordered stream of events: from the tracepoints, from
// the reports of loaders, and from reading the module list. It works in turns:
// read the list; put a mark into both sources; once both marks have come back,
// everything before them is here, and goes out in order. A turn follows
// whatever comes in, and at rest there is none.
type stream struct {
	out     *outbox
	tracing *tracing
	reports *reports
	modules func() ([]kernel.Module, error)
	// nameOf returns the ID of the thread that a process or task is.
	nameOf func(pid int) string

	kick  chan struct{}      // something came in
	syncs chan chan<- uint64 // wants to know when a turn is over

	mu       sync.Mutex
	merge    merger
	requests *requests
	marks    [3]uint64            // the last mark that came back from each source
	driver   func(n uint64) error // puts a mark into the driver's events, nil without one
	marked   chan struct{}
	busy     int          // operations that run
	loaders  map[int]bool // loaders that have started and not exited
	watchers map[*watcher]bool

	turn uint64
	view moduleView
}

// The sources that carry marks.
const (
	fromTracing = 0
	fromReports = 1
	fromDriver  = 2
)

func newStream(out *outbox, t *tracing, r *reports, modules func() ([]kernel.Module, error)) *stream {
	return &stream{
		out: out, tracing: t, reports: r, modules: modules,
		kick: make(chan struct{}, 1), syncs: make(chan chan<- uint64, callsMax),
		requests: newRequests(), marked: make(chan struct{}, 1),
		loaders: map[int]bool{}, watchers: map[*watcher]bool{},
	}
}

// readTracing takes in the tracepoints until tracing fails.
func (s *stream) readTracing() error {
	return s.tracing.read(s.arrive, func(n uint64) { s.mark(fromTracing, n) })
}

// readReports takes in the reports of loaders until the socket fails.
func (s *stream) readReports() error {
	return s.reports.read(s.arrive, func(n uint64) { s.mark(fromReports, n) }, func(error) {
		s.mu.Lock()
		s.merge.dropped++
		s.mu.Unlock()
	})
}

// arrive takes in one event.
func (s *stream) arrive(e trace.Event) {
	s.mu.Lock()
	s.merge.add(e)
	s.mu.Unlock()
	s.nudge()
}

func (s *stream) nudge() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run takes turns for ever.
func (s *stream) run() {
	if list, err := s.modules(); err == nil {
		s.view = moduleView{}
		s.view.update(list, 0) // what is there already is no change
	}
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	pause := pollEvery
	for {
		var tick <-chan time.Time
		if s.active() {
			timer.Reset(pause)
			tick = timer.C
		}
		var waiting []chan<- uint64
		select {
		case <-s.kick:
			pause = pollEvery
		case <-tick:
			pause = min(2*pause, pollRarely)
		case c := <-s.syncs:
			waiting = append(waiting, c)
		}
		for more := true; more; {
			select {
			case c := <-s.syncs:
				waiting = append(waiting, c)
			default:
				more = false
			}
		}
		s.takeTurn()
		for _, c := range waiting {
			c <- s.out.last()
		}
	}
}

// active says whether something runs that may change the module list. A loader
// that was killed did not report its exit; it is found out here.
func (s *stream) active() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid := range s.loaders {
		if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			delete(s.loaders, pid)
			s.requests.ended(pid)
		}
	}
	return s.busy > 0 || len(s.loaders) > 0
}

// takeTurn reads the module list, waits for both sources to have handed over
// what they have, and sends it on.
func (s *stream) takeTurn() {
	if s.view != nil {
		if list, err := s.modules(); err == nil {
			changes := s.view.update(list, monotonic())
			s.mu.Lock()
			for _, e := range changes {
				s.merge.add(e)
			}
			s.mu.Unlock()
		}
	}
	s.turn++
	t := monotonic()
	s.mu.Lock()
	driver := s.driver
	s.mu.Unlock()
	var waitFor [3]bool
	waitFor[fromTracing] = s.tracing.mark(s.turn) == nil
	waitFor[fromReports] = s.reports.mark(s.turn) == nil
	waitFor[fromDriver] = driver != nil && driver(s.turn) == nil
	s.await(s.turn, waitFor)

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.merge.advance(t + stampError) {
		if s.driver != nil && (fromTracefs(e) || e.Module == inject.ModuleName) {
			continue // the driver tells it, with more; or it is about the driver
		}
		s.requests.tie(&e)
		if e.Point == noteRequest || e.Point == noteHelper {
			continue
		}
		if s.nameOf != nil && e.Thread.PID != 0 {
			e.Thread.ID = s.nameOf(e.Thread.PID)
		}
		switch e.Point {
		case trace.PointStarted:
			s.loaders[e.Thread.PID] = true
		case trace.PointExit:
			delete(s.loaders, e.Thread.PID)
		}
		e.Seq = s.out.event(e)
		for w := range s.watchers {
			w.see(e)
		}
	}
	if !s.merge.empty() {
		s.nudge()
	}
}

// watch begins to keep the events of requests. Everything before the call has
// gone by.
func (s *stream) watch(ctx context.Context) (w *watcher, stop func(), err error) {
	if _, err := s.sync(ctx); err != nil {
		return nil, nil, err
	}
	w = newWatcher()
	s.mu.Lock()
	s.watchers[w] = true
	s.mu.Unlock()
	return w, func() {
		s.mu.Lock()
		delete(s.watchers, w)
		s.mu.Unlock()
	}, nil
}
