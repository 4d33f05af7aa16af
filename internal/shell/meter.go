package shell

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Meter is a line on a terminal that tells of what takes longer than a second.
// The nil Meter tells nothing.
type Meter struct {
	w     io.Writer
	width func() int // columns

	mu    sync.Mutex
	what  string
	stage string
	done  int64
	total int64
	began time.Time
	since time.Time // the stage began
}

// The meter says nothing for so long, and then again so often.
const (
	meterAfter = time.Second
	meterEvery = 200 * time.Millisecond
)

// NewMeter returns a meter that writes to w, a terminal of width() columns.
func NewMeter(w io.Writer, width func() int) *Meter { return &Meter{w: w, width: width} }

// Report tells the meter how far the work is; it is a session's Progress.
func (m *Meter) Report(stage string, done, total int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if stage != m.stage {
		m.since = time.Now()
	}
	m.stage, m.done, m.total = stage, done, total
}

// start begins to tell of a verb; the function it returns ends that and leaves
// the terminal as it was.
func (m *Meter) start(words []string) (stop func()) {
	if m == nil {
		return func() {}
	}
	m.mu.Lock()
	m.what, m.stage, m.total, m.began = strings.Join(words, " "), "", 0, time.Now()
	m.mu.Unlock()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		m.run(done)
	}()
	return func() {
		close(done)
		<-ended
	}
}

// Start is start for work that is no verb.
func (m *Meter) Start(what string) (stop func()) { return m.start([]string{what}) }

func (m *Meter) run(done <-chan struct{}) {
	wait := time.NewTimer(meterAfter)
	defer wait.Stop()
	shown := false
	for {
		select {
		case <-done:
			if shown {
				fmt.Fprint(m.w, "\r\x1b[K")
			}
			return
		case <-wait.C:
			shown = true
			fmt.Fprint(m.w, "\r"+m.line()+"\x1b[K")
			wait.Reset(meterEvery)
		}
	}
}

// line returns what is shown, at most as wide as the terminal.
func (m *Meter) line() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ""
	if m.stage != "" {
		s = ": " + printable(m.stage)
	}
	switch {
	case m.total > 0:
		s += fmt.Sprintf(" %d%%", int(min(100, 100*float64(m.done)/float64(m.total))))
	case m.done > 0:
		s += fmt.Sprintf(" %d", m.done)
	}
	s += fmt.Sprintf(" (%d s%s)", int(time.Since(m.began).Seconds()), m.rate(time.Since(m.since)))
	w := max(m.width()-1, 20)
	what := printable(m.what)
	if room := max(w-len(s), 10); len(what) > room { // how far it is tells more than the words that were typed
		what = what[:room-3] + "..."
	}
	if s = what + s; len(s) > w {
		s = s[:w-3] + "..."
	}
	return s
}

// rate says how much of what is counted, and has no end that is known, is done
// in a second of its stage; "" for other work.
func (m *Meter) rate(stage time.Duration) string {
	if m.total > 0 || m.done == 0 || stage < meterEvery {
		return ""
	}
	return fmt.Sprintf(", %.0f/s", float64(m.done)/stage.Seconds())
}

// printable keeps what is safe to write to a terminal in one line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
