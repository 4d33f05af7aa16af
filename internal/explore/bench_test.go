package explore

import "testing"

// benchmark searches one problem from a system made anew, as a process does.
func benchmark(b *testing.B, o Options, broken bool, promises []string, lines ...string) {
	var r Report
	for b.Loop() {
		p := problem(b, "v4.9", lines...)
		list, err := PromiseByName(promises...)
		if err != nil {
			b.Fatal(err)
		}
		p.Promises = list
		r = explored(b, p, o)
		if broken != (len(r.Broken) > 0) || !broken && !r.Complete {
			b.Fatalf("broken %v, missed %q", r.Broken, r.Missed)
		}
	}
	b.ReportMetric(float64(r.Schedules), "schedules")
	b.ReportMetric(float64(r.Pruned), "pruned")
	b.ReportMetric(float64(r.States), "states")
	b.ReportMetric(float64(r.Steps)*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// BenchmarkRaceFound finds the built-in race from nothing.
func BenchmarkRaceFound(b *testing.B) {
	benchmark(b, Options{}, true, []string{"zero-means-ready"}, "set policy=kmod19", "A insmod victim", "B request victim")
}

// BenchmarkThreeRequesters goes through all schedules of three requesters.
func BenchmarkThreeRequesters(b *testing.B) {
	benchmark(b, Options{Bounds: -1}, false, nil, "set policy=kmod19", "A request victim", "B request victim", "C request victim")
}
