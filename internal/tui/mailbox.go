package tui

import "sync"

// mailbox takes progress reports from any goroutine and keeps only where each
// stage stands, so that however many come, one look a frame is enough.
type mailbox struct {
	mu     sync.Mutex
	stages []Stage
	full   chan struct{} // holds one token while there is news
}

// maxStages bounds the stages kept of one long thing.
const maxStages = 64

func newMailbox() *mailbox { return &mailbox{full: make(chan struct{}, 1)} }

// report is an ops.Progress. It never blocks.
func (b *mailbox) report(stage string, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.stages); n > 0 && b.stages[n-1].Name == stage {
		b.stages[n-1] = Stage{stage, done, total}
	} else if n < maxStages {
		b.stages = append(b.stages, Stage{stage, done, total})
	} else {
		b.stages[n-1] = Stage{stage, done, total}
	}
	select {
	case b.full <- struct{}{}:
	default:
	}
}

// reset forgets the stages, as something new begins.
func (b *mailbox) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stages = nil
}

// read returns a copy of the stages.
func (b *mailbox) read() []Stage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Stage(nil), b.stages...)
}
