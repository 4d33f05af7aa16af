package lab

import (
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestVMDebug steps a load by the stages of the loader, on both kernels.
func TestVMDebug(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			vm := openVM(t, series, Options{Console: "/tmp/vmdebug/con" + series})
			ctx := t.Context()
			task, err := kernel.ParseTask([]string{"load", "minix"})
			if err != nil {
				t.Fatal(err)
			}
			if err := vm.Spawn(ctx, "A", task); err != nil {
				t.Fatal(err)
			}
			var points []string
			for {
				stop, err := vm.Step(ctx, "A")
				if err != nil {
					t.Fatal(err)
				}
				if stop.Reason == kernel.StopDone {
					break
				}
				if stop.Point == trace.PointInserted {
					s, err := vm.Snapshot(ctx)
					if err != nil || s.State("minix") != trace.Live {
						t.Fatalf("after the insert: %+v, %v", s.Modules, err)
					}
				}
				points = append(points, stop.Point)
			}
			t.Log(points)
		})
	}
}
