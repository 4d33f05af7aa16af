package sim

import "testing"

// BenchmarkTwoThreads measures whole runs of two threads that load one module,
// a new world each: the unit of a search.
func BenchmarkTwoThreads(b *testing.B) {
	sys, err := TeachingSystem()
	if err != nil {
		b.Fatal(err)
	}
	p, _ := ParseProfile("v6.12")
	var steps int
	for i := 0; b.Loop(); i++ {
		r := NewRun(sys, p)
		w := r.World()
		for _, id := range []string{"A", "B"} {
			if err := r.Do(Action{Kind: DoSpawn, Thread: id, Task: &Task{Verb: "insmod", Name: "victim", Copy: id == "B"}}); err != nil {
				b.Fatal(err)
			}
		}
		var buf []*Thread
		for {
			buf = w.Runnable(buf[:0])
			if len(buf) == 0 {
				if !w.Advance() {
					break
				}
				continue
			}
			w.Step(buf[(i+w.steps)%len(buf)])
		}
		steps += w.Steps()
		r.Close()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "schedules/s")
	b.ReportMetric(float64(steps)/float64(b.N), "steps/schedule")
}
