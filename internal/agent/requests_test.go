package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/trace"
)

// TestRequests reads events, one a line, ties them to requests, and prints
// what each belongs to; then what the trigger of a process led to. A line is
//
//	SECONDS PID POINT [NAME|EXIT]
//
// where NAME of R6 is what is requested ("!" at its end: nobody waits), of H0
// the loader's arguments, and EXIT of H7 the exit status.
func TestRequests(t *testing.T) {
	datadriven.RunTest(t, "testdata/requests", func(t *testing.T, d *datadriven.TestData) string {
		r := newRequests()
		w := newWatcher()
		var out strings.Builder
		for line := range strings.SplitSeq(strings.TrimSpace(d.Input), "\n") {
			var sec float64
			var e trace.Event
			f := strings.SplitN(line, " ", 4)
			if _, err := fmt.Sscan(line, &sec, &e.Thread.PID, &e.Point); err != nil {
				d.Fatalf(t, "%q: %v", line, err)
			}
			e.Time = int64(sec * 1e9)
			if len(f) == 4 {
				switch e.Point {
				case trace.PointRequest:
					name, nowait := strings.CutSuffix(f[3], "!")
					e.Name = name
					if nowait {
						e.Detail = "by x, " + noWait
					}
				case trace.PointStarted:
					e.Detail = f[3]
				case trace.PointExit:
					var status int64
					fmt.Sscan(f[3], &status)
					e.Ret = &status
				default:
					e.Module = f[3]
				}
			}
			r.tie(&e)
			w.see(e)
			fmt.Fprintf(&out, "%s -> %d\n", line, e.Request)
		}
		if d.HasArg("trigger") {
			var pid int
			d.ScanArgs(t, "trigger", &pid)
			a := sortOut(w.seen(), pid)
			fmt.Fprintf(&out, "asked: %s\n", strings.Join(a.names, " "))
			for _, h := range a.helpers {
				fmt.Fprintf(&out, "helper %d: %s: exit %d\n", h.PID, strings.Join(h.Args, " "), h.Exit)
			}
			fmt.Fprintf(&out, "late: %d\n", a.late)
			for _, name := range a.names {
				ok, known := a.answered(name)
				fmt.Fprintf(&out, "%s: ok %v, known %v\n", name, ok, known)
			}
		}
		return out.String()
	})
}

// TestRequestsAreForgotten checks that requests whose helper never starts do
// not pile up, and are not mixed up with later ones.
func TestRequestsAreForgotten(t *testing.T) {
	r := newRequests()
	for i := range 3 * requestsMax {
		e := trace.Event{Point: trace.PointRequest, Name: fmt.Sprint(i), Time: int64(i)}
		r.tie(&e)
	}
	if r.count > requestsMax || len(r.waiting) > requestsMax {
		t.Errorf("%d requests wait for a helper", r.count)
	}
	late := trace.Event{Point: trace.PointStarted, Detail: "modprobe -q -- 5", Time: 2 * helperLate}
	r.tie(&late)
	if late.Request != 0 || r.count != 0 {
		t.Errorf("a helper is tied to request %d of long ago, %d wait", late.Request, r.count)
	}
}
