package sim

import (
	"context"
	"fmt"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// BenchmarkFlood steps n requests for a module that is there to their end.
func BenchmarkFlood(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			began := cpu()
			for b.Loop() {
				flooded(b, n).Close()
			}
			b.ReportMetric(float64((cpu()-began).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkBack goes back one step from the end of a run of 10,000 events.
func BenchmarkBack(b *testing.B) {
	d := flooded(b, 770)
	defer d.Close()
	pos, _ := d.Pos()
	b.ReportMetric(float64(d.Events().Last()), "events")
	b.ResetTimer()
	for b.Loop() {
		if err := d.Goto(context.Background(), pos-1); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := d.Goto(context.Background(), pos); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func flooded(b *testing.B, n int) *Target {
	b.Helper()
	d, err := Open("v6.12")
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := d.Spawn(context.Background(), fmt.Sprint("f", i), kernel.Task{Verb: "request", Name: "minix"}); err != nil {
			b.Fatal(err)
		}
	}
	if stop, err := d.Run(context.Background(), kernel.RunOptions{}); err != nil || stop.Reason != kernel.StopAllDone {
		b.Fatalf("%+v, %v", stop, err)
	}
	return d
}
