package explore

import (
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// benchmark searches one problem from a system made anew, as a process does.
// cpu-ms/op is processor time, of all cores: it does not depend on what else the
// machine does.
func benchmark(b *testing.B, o Options, broken bool, promises []Promise, profile string, lines ...string) {
	var r Report
	began := cpu()
	for b.Loop() {
		p := problem(b, profile, lines...)
		p.Promises = promises
		r = explored(b, p, o)
		if broken != (len(r.Broken) > 0) || !broken && !r.Complete {
			b.Fatalf("broken %v, missed %q", r.Broken, r.Missed)
		}
	}
	b.ReportMetric(float64((cpu()-began).Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(r.Steps), "steps")
	b.ReportMetric(float64(r.States), "states")
	b.ReportMetric(float64(r.Steps)*float64(b.N)/(cpu()-began).Seconds(), "steps/cpu-s")
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRaceFound finds the built-in race from nothing.
func BenchmarkRaceFound(b *testing.B) {
	benchmark(b, Options{}, true, Promises()[:1], "v4.9", "set policy=kmod19", "A insmod victim", "B request victim")
}

// BenchmarkTwoRequesters goes through all schedules of two requesters.
func BenchmarkTwoRequesters(b *testing.B) {
	benchmark(b, Options{Bounds: -1}, false, nil, "v4.9", "set policy=kmod19", "A request victim", "B request victim")
}

// BenchmarkThreeRequesters goes through all schedules of three requesters.
func BenchmarkThreeRequesters(b *testing.B) {
	for _, profile := range []string{"v4.9", "v6.12"} {
		b.Run(profile, func(b *testing.B) {
			benchmark(b, Options{Bounds: -1}, false, nil, profile, "set policy=kmod19", "A request victim", "B request victim", "C request victim")
		})
	}
}

// BenchmarkLoadAndThreeRequesters goes through all schedules of three
// requesters and somebody who loads the module, all promises checked.
func BenchmarkLoadAndThreeRequesters(b *testing.B) {
	for _, profile := range []string{"v4.9", "v6.12"} {
		for _, policy := range []string{"kmod19", "kmod20", "verified"} {
			b.Run(profile+"/"+policy, func(b *testing.B) {
				benchmark(b, Options{Bounds: -1, All: true}, policy == "kmod19", Promises(), profile,
					"set policy="+policy, "A insmod victim", "B request victim", "C request victim", "D request victim")
			})
		}
	}
}

// BenchmarkWatched is BenchmarkTwoRequesters for a promise of one's own, asked of
// states by what it looks at, and where that is not known of every step.
func BenchmarkWatched(b *testing.B) {
	for name, looks := range map[string]*Looks{"known": {Permits: true, States: []string{"victim"}}, "unknown": nil} {
		b.Run(name, func(b *testing.B) {
			watch := Watch("mine", "", looks, func(s *kernel.Snapshot) string {
				if s.Permits.Used > 2 || s.State("victim") == trace.Going {
					return "it is so"
				}
				return ""
			})
			benchmark(b, Options{Bounds: -1}, false, []Promise{watch}, "v4.9", "set policy=kmod19", "A request victim", "B request victim")
		})
	}
}
