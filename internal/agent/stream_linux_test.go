package agent

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// testTracing is a trace buffer made of pipes: what is written to its marker
// comes out as the kernel prints it, in line with what print writes.
func testTracing(t *testing.T) (tr *tracing, print func(ns int64, what string)) {
	pipe, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	marks, marker, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	print = func(ns int64, what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%16s-%-7d (%7d) [000] ..... %5d.%06d: %s\n", "modprobe", 7, 7, ns/1e9, ns/1000%1e6, what)
	}
	go func() {
		for s := bufio.NewScanner(marks); s.Scan(); {
			print(monotonic(), "tracing_mark_write: "+s.Text())
		}
	}()
	t.Cleanup(func() {
		for _, f := range []*os.File{marker, marks, out, pipe} {
			f.Close()
		}
	})
	return &tracing{pipe: pipe, marker: marker}, print
}

// TestStream sends events by all ways and checks that after a sync all are
// out, in the order of their times.
func TestStream(t *testing.T) {
	tr, print := testTracing(t)
	reports, path := testReports(t)
	var mu sync.Mutex
	var list []kernel.Module
	s := newStream(newOutbox(), tr, reports, func() ([]kernel.Module, error) {
		mu.Lock()
		defer mu.Unlock()
		return list, nil
	})
	s.out.begin(func(uint64) wire.Frame { return wire.Frame{ID: 1} })
	go s.readTracing()
	go s.readReports()
	go s.run()
	ctx := context.Background()
	if _, err := s.sync(ctx); err != nil {
		t.Fatal(err)
	}
	w, stop, err := s.watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	report, hangUp := dialReport(path)
	defer hangUp()

	base := monotonic() / 1000 * 1000
	us := int64(1000)
	report(trace.Event{Time: base - 6*us, Point: "H7", Ret: trace.Int(0)})
	report(trace.Event{Time: base - 8*us, Point: "H0", Detail: "modprobe -q -- fs-x"})
	print(base-9*us, "module_request: fs-x wait=1 call_site=get_fs_type")
	print(base-7*us, "module_load: x ")
	print(base-5*us, "module_free: x")
	mu.Lock()
	list = []kernel.Module{{Name: "x", State: trace.Coming, Refs: 1}}
	mu.Unlock()
	last, err := s.sync(ctx)
	if err != nil {
		t.Fatal(err)
	}

	points := map[string]int{}
	var order []string
	var before trace.Event
	for {
		p, ok := s.out.take()
		if !ok {
			break
		}
		for _, e := range p.frame.Events {
			if e.Time < before.Time || e.Seq != before.Seq+1 {
				t.Errorf("event %+v comes after %+v", e, before)
			}
			before = e
			points[e.Point]++
			if e.Point == "S1" && (e.Module != "x" || e.State != trace.Coming) {
				t.Errorf("the module list was read as %+v", e)
			}
			order = append(order, e.Point)
		}
	}
	// A turn may begin at any moment, and what is late then goes behind; but
	// all is there, once.
	if diff := cmp.Diff(map[string]int{"R6": 1, "H0": 1, "L16": 1, "H7": 1, "U4": 1, "S1": 1}, points); diff != "" {
		t.Errorf("events %v:\n%s", order, diff)
	}
	if before.Seq != last {
		t.Errorf("sync answered %d, the last event is %d", last, before.Seq)
	}
	if len(w.seen()) != 3 {
		t.Errorf("watched %+v", w.seen())
	}
}
