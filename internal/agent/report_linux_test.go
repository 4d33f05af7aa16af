package agent

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/trace"
)

// testReports makes a report socket as openReports does, elsewhere and with
// the queue that this system has.
func testReports(t *testing.T) (*reports, string) {
	path := filepath.Join(t.TempDir(), "report")
	r, err := listenReports(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(r.fd)
		unix.Close(r.self)
	})
	return r, path
}

// TestReportsArrive has many loaders report at once into a queue of the size
// this system has: nothing is lost, each one's reports keep their order, and a
// mark comes after what was sent before it.
func TestReportsArrive(t *testing.T) {
	r, path := testReports(t)
	const loaders, each = 60, 20
	next := map[int64]int64{}
	got := make(chan int, 1)
	n := 0
	go r.read(func(e trace.Event) {
		n++
		if e.Thread.PID != os.Getpid() || e.Source != "helper" || e.Lost != 0 {
			t.Errorf("report %+v", e)
		}
		if *e.Ret != next[*e.Refs] {
			t.Errorf("loader %d: report %d came where %d was due", *e.Refs, *e.Ret, next[*e.Refs])
		}
		next[*e.Refs]++
	}, func(mark uint64) {
		if mark == 5 {
			got <- n
		}
	}, func(err error) { t.Error(err) })
	var wg sync.WaitGroup
	for l := range int64(loaders) {
		wg.Go(func() {
			report, hangUp := dialReport(path)
			defer hangUp()
			for i := range int64(each) {
				report(trace.Event{Point: trace.PointInsert, Refs: &l, Ret: &i})
			}
		})
	}
	wg.Wait()
	if err := r.mark(5); err != nil {
		t.Fatal(err)
	}
	if n := <-got; n != loaders*each {
		t.Errorf("%d reports of %d had come before the mark", n, loaders*each)
	}
}

// TestNoReportIsTrusted sends what is no report.
func TestNoReportIsTrusted(t *testing.T) {
	r, path := testReports(t)
	lost := 0
	done := make(chan struct{})
	go r.read(func(e trace.Event) { t.Errorf("report %+v", e) }, func(uint64) { close(done) }, func(error) { lost++ })
	fd, err := dialReports(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	bad := [][]byte{[]byte("x"), {}, make([]byte, 3*reportMax), []byte(`{"point":"R6"}`), []byte(markPrefix + "x")}
	for _, b := range bad {
		if _, err := unix.Write(fd, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.mark(1); err != nil {
		t.Fatal(err)
	}
	<-done
	if lost != len(bad) {
		t.Errorf("%d of %d were counted as lost", lost, len(bad))
	}
}

func TestNobodyListens(t *testing.T) {
	report, hangUp := dialReport(filepath.Join(t.TempDir(), "none"))
	defer hangUp()
	report(trace.Event{Point: trace.PointStarted})
}
