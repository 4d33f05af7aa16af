package agent

import "testing"

// TestLeap has the keeper of the clock keep a processor busy while anything is
// under way, and leap further each time while nothing is.
func TestLeap(t *testing.T) {
	for _, test := range []struct {
		name                    string
		last                    int64
		open, running, inflight int
		want                    int64
	}{
		{"somebody runs", leapMax, 1, 2, 0, 0},
		{"the disk works", leapMax, 1, 1, 1, 0},
		{"nobody asks and somebody runs", 0, 0, 2, 0, 0},
		{"nobody asks", leapMax, 0, 1, 0, 0},
		{"the first", 0, 1, 1, 0, leapMin},
		{"the next", leapMin, 1, 1, 0, 2 * leapMin},
		{"the longest", leapMax, 2, 1, 0, leapMax},
	} {
		if got := leap(test.last, test.open, test.running, test.inflight); got != test.want {
			t.Errorf("%s: leap(%d, %d, %d, %d) = %d, want %d", test.name, test.last, test.open, test.running, test.inflight, got, test.want)
		}
	}
}

// TestClockReads reads what /proc and /sys say; what makes no sense is a busy
// machine.
func TestClockReads(t *testing.T) {
	for text, want := range map[string]int{
		"0.20 0.18 0.12 1/80 11206\n": 1, "12.00 1.00 0.00 37/900 1": 37,
		"": 2, "0.20 0.18 0.12": 2, "0.20 0.18 0.12 ": 2, "0.20 0.18 0.12 3": 2, "a b c /": 0,
	} {
		if got := runningOf([]byte(text)); got != want {
			t.Errorf("running of %q: %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{"       0        0\n": 0, "       1        0\n": 1, "\t3 4": 7, "": 0, "x": 0} {
		if got := inflightOf([]byte(text)); got != want {
			t.Errorf("in flight of %q: %d, want %d", text, got, want)
		}
	}
}
