package lab

import (
	"testing"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// A wait that time should have ended, and did not, is none that time ends.
func TestGoesOn(t *testing.T) {
	for _, c := range []struct {
		timed      bool
		until, now int64
		want       bool
	}{
		{false, 0, 10e9, false},
		{true, 0, 10e9, true}, // nobody knows when
		{true, 30e9, 10e9, true},
		{true, 30e9, 34e9, true}, // timers far off are late
		{true, 30e9, 36e9, false},
	} {
		th := wire.Thread{ThreadState: kernel.ThreadState{Until: c.until}, Timed: c.timed}
		if got := goesOn(th, c.now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
