package shell

import (
	"strings"
	"testing"
	"time"
)

// TestMeterLine: what the line says of work whose end is known, and of work
// that is only counted, of which it tells the rate in its stage.
func TestMeterLine(t *testing.T) {
	for _, tt := range []struct {
		done, total int64
		want, not   string
	}{
		{50, 200, "explore: all schedules, steps 25% (10 s)", "/s"},
		{0, 0, "explore: all schedules, steps (10 s)", "/s"},
		{8000, 0, "explore: all schedules, steps 8000 (10 s, ", "800/s"}, // not since the verb began
	} {
		m := NewMeter(nil, func() int { return 80 })
		m.what, m.began = "explore", time.Now().Add(-10*time.Second)
		m.Report("all schedules, steps", 0, 0)
		m.since = time.Now().Add(-2 * time.Second)
		m.Report("all schedules, steps", tt.done, tt.total)
		if line := m.line(); !strings.Contains(line, tt.want) || strings.Contains(line, " "+tt.not) {
			t.Errorf("%d of %d: %q, want %q and not %q", tt.done, tt.total, line, tt.want, tt.not)
		}
	}
	long := NewMeter(nil, func() int { return 60 })
	long.what, long.began = "explore --promise "+strings.Repeat("x", 80), time.Now()
	long.Report("2 preemptions, steps", 8000, 0)
	if line := long.line(); len(line) > 59 || !strings.HasPrefix(line, "explore") || !strings.HasSuffix(line, "...: 2 preemptions, steps 8000 (0 s)") {
		t.Errorf("in 60 columns: %q", line)
	}
	m := &Meter{done: 8000}
	if got := m.rate(2 * time.Second); got != ", 4000/s" {
		t.Errorf("8000 in two seconds: %q", got)
	}
	if got := m.rate(time.Millisecond); got != "" {
		t.Errorf("a stage that has just begun: %q", got)
	}
}
