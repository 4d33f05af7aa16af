package sim

import (
	"syscall"
	"testing"
	"time"
)

// rotating steps the ready threads in turn, each schedule a little differently.
type rotating struct {
	buf   []*Thread
	first int
	turn  int // steps one thread is given
}

// Next implements Driver.
func (r *rotating) Next(w *World, last *Thread) *Thread {
	if last != nil && last.status == Ready && w.steps%r.turn != 0 {
		return last
	}
	for {
		r.buf = w.Runnable(r.buf[:0])
		if len(r.buf) > 0 {
			return r.buf[(r.first+w.steps)%len(r.buf)]
		}
		if !w.Advance() {
			return nil
		}
	}
}

func benchmarkTwoThreads(b *testing.B, turn int) {
	sys, err := TeachingSystem()
	if err != nil {
		b.Fatal(err)
	}
	p, _ := ParseProfile("v6.12")
	r := NewRun(sys, p)
	defer r.Close()
	w := r.World()
	w.Quiet(true)
	tasks := []*Task{{Verb: "insmod", Name: "victim"}, {Verb: "insmod", Name: "victim", Copy: true}}
	steps := 0
	d := &rotating{turn: turn}
	began := cpu()
	for i := 0; b.Loop(); i++ {
		r.Restart()
		for j, id := range []string{"A", "B"} {
			if err := r.Do(Action{Kind: DoSpawn, Thread: id, Task: tasks[j]}); err != nil {
				b.Fatal(err)
			}
		}
		d.first = i
		w.Drive(d)
		steps += w.Steps()
	}
	b.ReportMetric(float64(b.N)/(cpu()-began).Seconds(), "schedules/cpu-s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
	b.ReportMetric(float64(steps)/float64(b.N), "steps/schedule")
}

// cpu is the processor time of this process, which other work of the machine
// does not add to.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTwoThreads measures whole runs of two threads that load one module,
// as a search makes them: the world booted anew, other threads every few steps.
func BenchmarkTwoThreads(b *testing.B) { benchmarkTwoThreads(b, 5) }

// BenchmarkTwoThreadsInTurn is the worst case: another thread at every step.
func BenchmarkTwoThreadsInTurn(b *testing.B) { benchmarkTwoThreads(b, 1) }
