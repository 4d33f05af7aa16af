package recording

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Prefix begins the name of a target that is a trace: "trace:FILE".
const Prefix = "trace:"

// Target is a trace as a target: all there was to see at each of its positions,
// and nothing that can be done.
type Target struct {
	kernel.LookOnly
	name string
	rec  *Recording
	log  *trace.Log

	mu     sync.Mutex
	pos    int
	shown  int // events in the log
	closed bool
}

var _ kernel.Debugger = (*Target)(nil)

// Open reads a trace file and makes a target of it, at its last position.
func Open(file string) (*Target, error) {
	rec, err := ReadFile(file)
	if err != nil {
		return nil, err
	}
	return newTarget(Prefix+file, rec), nil
}

func newTarget(name string, rec *Recording) *Target {
	t := &Target{name: name, rec: rec, log: trace.NewLog(len(rec.Events) + 1)}
	t.LookOnly = kernel.LookOnly{Refuse: t.Can}
	_, last := rec.Positions()
	t.move(last)
	return t
}

// Recording is what the target was made of; it must not be changed.
func (t *Target) Recording() *Recording { return t.rec }

// Name implements kernel.Target.
func (t *Target) Name() string { return t.name }

// Can implements kernel.Target: it can be looked at.
func (t *Target) Can(op kernel.Op) error {
	switch op {
	case kernel.OpInfo, kernel.OpModules, kernel.OpLog, kernel.OpEvents, kernel.OpLook:
		return nil
	case kernel.OpTree:
		return t.no(op, "a trace holds no module tree")
	}
	return t.no(op, "it is a trace of what has happened: it can be looked at, at every position, and nothing can be done in it")
}

func (t *Target) no(op kernel.Op, why string) error {
	e := &kernel.UnsupportedError{Target: t.name, Op: op, Why: why}
	if kind, _, _ := strings.Cut(t.rec.Target, ":"); kind == "sim" || kind == "vm" {
		e.Try = []string{t.rec.Target}
	}
	return e
}

// Info implements kernel.Target: what was known of the kernel, then what is
// known of the trace.
func (t *Target) Info(context.Context) (kernel.Info, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return kernel.Info{}, kernel.ErrClosed
	}
	var info kernel.Info
	if t.rec.Info != nil {
		info = *t.rec.Info
	}
	s := t.rec.At(t.pos)
	info.Target, info.Uptime, info.Modules = t.name, time.Duration(s.Now), len(s.Listed)
	info.Facts = append(Facts(t.rec), info.Facts...)
	return info, nil
}

// Facts says what a trace holds.
func Facts(r *Recording) []kernel.Fact {
	first, last := r.Positions()
	what := "after each event"
	if r.Steps {
		what = "all of its threads and modules"
	}
	facts := []kernel.Fact{
		{Name: "recorded on", Value: r.Target},
		{Name: "scenario", Value: r.Scenario},
		{Name: "events", Value: fmt.Sprint(len(r.Events))},
		{Name: "positions", Value: fmt.Sprintf("%d to %d, %s", first, last, what)},
	}
	facts = append(facts, r.Given.Facts()...)
	if n := len(r.Verbs); n > 0 {
		facts = append(facts, kernel.Fact{Name: "verbs", Value: fmt.Sprint(n)})
	}
	if r.Died != nil {
		facts = append(facts, kernel.Fact{Name: "died", Value: r.Died.Why})
	}
	if r.Ended != "" {
		facts = append(facts, kernel.Fact{Name: "ended", Value: r.Ended})
	}
	if r.Missing != "" {
		facts = append(facts, kernel.Fact{Name: "missing", Value: r.Missing})
	}
	if r.Points != pointsSum() {
		facts = append(facts, kernel.Fact{Name: "points", Value: "it was recorded with another table of points; some may have another meaning here"})
	}
	return facts
}

// Tree implements kernel.Target: there is none.
func (t *Target) Tree() (kernel.Tree, error) { return kernel.Tree{}, t.Can(kernel.OpTree) }

// Modules implements kernel.Target.
func (t *Target) Modules(ctx context.Context) ([]kernel.Module, error) {
	s, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(s.Listed)
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Log implements kernel.Target.
func (t *Target) Log(ctx context.Context, n int) ([]string, error) {
	s, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return kernel.LastLines(s.Log, n), nil
}

// Events implements kernel.Target: those up to the present position.
func (t *Target) Events() *trace.Log { return t.log }

// Err implements kernel.Target.
func (t *Target) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return kernel.ErrClosed
	}
	return nil
}

// Close implements kernel.Target.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.log.Close()
	return nil
}
