package agent

import (
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// asking is what the events of requests and helpers say about one trigger: the
// requests that its process made, those that the helpers of these led to, and
// the helpers.
type asking struct {
	names   []string // requested, in order
	helpers []kernel.Helper
	// late counts the requests that nobody waits for whose helper has not
	// exited. Helpers that are waited for have ended when the trigger has.
	late int
}

// sortOut reads the events of one trigger's process out of all events while it
// ran, in order.
func sortOut(events []trace.Event, process int) asking {
	var a asking
	family := map[int]bool{process: true} // processes whose requests count
	ours := map[uint64]bool{}             // numbers of our requests
	late := map[uint64]bool{}
	index := map[int]int{} // process -> its place in a.helpers
	for _, e := range events {
		pid := e.Thread.PID
		switch e.Point {
		case trace.PointRequest:
			if family[pid] {
				ours[e.Request] = true
				a.names = append(a.names, e.Name)
				if nowaits(e) {
					late[e.Request] = true
				}
			}
		case trace.PointStarted:
			if ours[e.Request] {
				family[pid] = true
				index[pid] = len(a.helpers)
				a.helpers = append(a.helpers, kernel.Helper{PID: pid, Args: helperArgs(e), Exit: -1})
			}
		case trace.PointExit:
			if i, ok := index[pid]; ok && e.Ret != nil {
				a.helpers[i].Exit = int(*e.Ret)
				delete(index, pid)
				delete(family, pid)
				delete(late, e.Request)
			}
		}
	}
	a.late = len(late)
	return a
}

// helperArgs returns a helper's command line, as its first report tells it.
func helperArgs(e trace.Event) []string {
	args := strings.Fields(e.Detail)
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"modprobe"}, args...)
	}
	return args
}

// answered says whether the last helper that was started for name reported
// success; known is false when none ran to its end.
func (a asking) answered(name string) (ok, known bool) {
	for i := len(a.helpers) - 1; i >= 0; i-- {
		h := a.helpers[i]
		if h.Exit >= 0 && h.Args[len(h.Args)-1] == name {
			return h.Exit == 0, true
		}
	}
	return false, false
}
