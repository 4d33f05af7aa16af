package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
)

// recorder writes what happens in one target to a trace file.
type recorder struct {
	file   string
	target kernel.Target
	steps  bool // the target has positions
	stop   chan struct{}

	mu      sync.Mutex
	out     *os.File
	w       *recording.Writer
	began   time.Time
	seqs    []uint64 // of the events in the file that are still so
	cuts    uint64
	pos     int          // last position written, -1 none
	actions []sim.Action // written
	done    int          // actions of a machine written
	died    bool         // that its kernel died of the next is written
	frames  int          // positions in the file
	over    bool
	why     string
}

// newRecorder begins a recording with all that is known of the target's past.
func newRecorder(ctx context.Context, s *Session, t kernel.Target, file string, out *os.File) (*recorder, error) {
	r := &recorder{file: file, target: t, out: out, began: time.Now(), pos: -1, stop: make(chan struct{})}
	h := recording.Header{Target: t.Name(), Kernel: kernelVersion(ctx, t)}
	if t.Can(kernel.OpInfo) == nil {
		if info, err := t.Info(ctx); err == nil {
			h.Info = &info
		}
	}
	if d, ok := t.(kernel.Debugger); ok && t.Can(kernel.OpDebug) == nil {
		r.steps, h.Steps, h.Settings = true, true, d.Settings()
		if _, err := historyOf(d); err != nil {
			h.Unrepeated = err.Error()
		}
	}
	h.Builtin, h.Dirs = s.inImage(t)
	h.Given = givenTo(t)
	if trace, ok := t.(*recording.Target); ok {
		return nil, &kernel.UnsupportedError{Target: trace.Name(), Op: "record", Why: "it is a trace already: copy the file"}
	}
	r.cuts = t.Events().Cuts()
	var err error
	if r.w, err = recording.NewWriter(out, h); err != nil {
		return nil, err
	}
	if err := r.catchUp(ctx, s, ""); err != nil {
		return nil, err
	}
	if !r.steps {
		go r.follow()
	}
	return r, nil
}

// follow writes the events of a target that goes on by itself as they come.
func (r *recorder) follow() {
	log := r.target.Events()
	for {
		changed := log.Changed()
		r.mu.Lock()
		r.events()
		r.mu.Unlock()
		if log.Closed() {
			return
		}
		select {
		case <-r.stop:
			return
		case <-changed:
		}
	}
}

// events writes the events that are new; r.mu is held.
func (r *recorder) events() {
	if r.over {
		return
	}
	list, missed := r.target.Events().After(r.last(), 0)
	if missed > 0 && len(list) > 0 {
		list[0].Lost += missed
	}
	for _, e := range list {
		r.w.Event(e)
		r.seqs = append(r.seqs, e.Seq)
	}
}

// last is the number of the last event written.
func (r *recorder) last() uint64 {
	if n := len(r.seqs); n > 0 {
		return r.seqs[n-1]
	}
	return 0
}

// catchUp writes what has happened since it was last called; verb is the verb
// that made it happen, "" when it is not known.
func (r *recorder) catchUp(ctx context.Context, s *Session, verb string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil
	}
	if !r.steps {
		r.events()
		r.list(ctx)
		return r.w.Flush()
	}
	d := r.target.(kernel.Debugger)
	pos, _ := d.Pos()
	actions := pastOf(d)
	if keep := r.common(pos, actions, verb); keep < r.pos {
		r.back(keep)
	}
	r.cuts = d.Events().Cuts()
	if actions == nil {
		r.acts(d, pos)
		if r.end(d) {
			return r.w.Flush()
		}
	}
	if err := r.walk(ctx, d, pos, actions); err != nil {
		return err
	}
	return r.w.Flush()
}

// look writes a position while the target runs: all it may use is the snapshot.
func (r *recorder) look(snap *kernel.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over && snap.Pos > r.pos {
		r.position(snap, []sim.Action{})
	}
}

// list writes the module list of a target without positions.
func (r *recorder) list(ctx context.Context) {
	if r.target.Can(kernel.OpModules) != nil || r.target.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, listForRecorder)
	defer cancel()
	modules, err := r.target.Modules(ctx)
	if err != nil {
		return
	}
	r.pos++
	r.frames++
	r.w.Snapshot(&kernel.Snapshot{Pos: r.pos, Listed: modules})
}

// finish ends the file; why says why it ends before it was told to.
func (r *recorder) finish(why string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil
	}
	if !r.steps {
		r.events()
	}
	r.over, r.why = true, why
	close(r.stop)
	err := errors.Join(r.w.Close(why), r.out.Close())
	if err != nil {
		return fmt.Errorf("recording to %s: %w", r.file, err)
	}
	return nil
}

func (r *recorder) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

func (r *recorder) state() *RecordResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &RecordResult{Recording: !r.over, File: r.file, Target: r.target.Name(), Events: len(r.seqs), Positions: r.frames, Why: r.why}
}
