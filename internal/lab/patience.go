package lab

import "time"

// patience is how long a machine may be silent before it counts as hung. An
// emulated guest on a busy machine is slow, not hung: time in which QEMU was
// ready to run and another program had the processor does not count.
type patience struct {
	start time.Duration // for the start, while nothing is printed or sent
	quiet time.Duration // of a running guest that owes an answer, before it is asked for a sign of life
	hang  time.Duration // from then on, until it is given up
	load  time.Duration // for a saved machine to come back and answer
}

// defaultPatience is generous: nobody waits for it but with a guest that is
// really gone.
var defaultPatience = patience{start: 30 * time.Second, quiet: 10 * time.Second, hang: 30 * time.Second, load: 8 * time.Second}

// stopwatch measures the time a process had: the time that went by, less the
// time in which it was kept from running.
type stopwatch struct {
	last   time.Time
	delays map[int]int64 // of each thread, nanoseconds in the run queue
	had    time.Duration
}

// tick adds the time since the last tick. delays are each thread's sums of
// waiting; the thread that waited most tells how long the process was kept
// from running.
func (s *stopwatch) tick(now time.Time, delays map[int]int64) {
	if !s.last.IsZero() {
		passed := now.Sub(s.last)
		var kept int64
		for tid, d := range delays {
			if before, ok := s.delays[tid]; ok {
				kept = max(kept, d-before)
			}
		}
		s.had += max(0, passed-time.Duration(kept))
	}
	s.last, s.delays = now, delays
}

// reset begins to count anew.
func (s *stopwatch) reset() { s.had = 0 }
