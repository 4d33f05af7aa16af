package agent

import (
	"strings"
	"time"

	"example.org/kmodsh/internal/trace"
)

const (
	// helperLate is how long after the request its helper may still start.
	// The kernel starts it right away; on a loaded machine the exec of a
	// hundred others may come first.
	helperLate = int64(time.Minute)
	// requestsMax bounds the requests that wait for their helper to show.
	requestsMax = 4096
)

// What the driver tells that is no point: the stream uses it to tie requests to
// what belongs to them, and passes it on to nobody.
const (
	noteRequest = "note:request"
	noteHelper  = "note:helper"
	// pointReturned is the end of a request.
	pointReturned = "R9"
)

// requests numbers the request_module() calls in the order in which the kernel
// traces them, and ties to each what belongs to it, as far as user space can
// see: the modprobe process is the first one to start for the requested name
// that no earlier request of the name has; what it loads and asks for comes
// from its process.
type requests struct {
	number  uint64
	waiting map[string][]asked // by name, oldest first
	count   int
	swept   int64          // when the list was last looked through
	helpers map[int]uint64 // process -> request
	// numbered: the driver numbers the requests and names their helpers.
	numbered bool
	asking   map[int]uint64 // process -> the request it makes, as the driver said
}

// asked is a request that no helper has shown up for.
type asked struct {
	number uint64
	time   int64
}

func newRequests() *requests {
	return &requests{waiting: map[string][]asked{}, helpers: map[int]uint64{}, asking: map[int]uint64{}}
}

// tie sets e.Request. Events must come in order.
func (r *requests) tie(e *trace.Event) {
	pid := e.Thread.PID
	if r.numbered {
		r.tieNumbered(e)
		return
	}
	switch e.Point {
	case trace.PointRequest:
		r.number++
		r.expect(e.Name, asked{r.number, e.Time})
		e.Request = r.number
		return
	case trace.PointStarted:
		delete(r.helpers, pid) // of an earlier process of this number
		if name, ok := requestedOf(*e); ok {
			e.Name = name
			if n := r.claim(name, e.Time); n != 0 {
				r.helpers[pid] = n
			}
		}
	}
	if pid != 0 {
		e.Request = r.helpers[pid]
	}
	if e.Point == trace.PointExit {
		delete(r.helpers, pid)
	}
}

// tieNumbered is tie where the driver says which request is which.
func (r *requests) tieNumbered(e *trace.Event) {
	pid := e.Thread.PID
	switch e.Point {
	case noteRequest:
		r.asking[pid] = e.Request
	case noteHelper:
		r.helpers[pid] = e.Request
	case trace.PointStarted:
		if name, ok := requestedOf(*e); ok {
			e.Name = name
		}
	}
	if e.Request == 0 && pid != 0 {
		if e.Request = r.asking[pid]; e.Request == 0 {
			e.Request = r.helpers[pid]
		}
	}
	switch e.Point {
	case trace.PointExit:
		delete(r.helpers, pid)
	case pointReturned:
		delete(r.asking, pid)
	}
}

// ended forgets a process.
func (r *requests) ended(pid int) {
	delete(r.helpers, pid)
	delete(r.asking, pid)
}

// requestedOf reads the requested name out of the command line that a loader
// reports when it starts. The kernel's has the form "modprobe -q -- NAME", and
// the name may hold any byte (kernel/module/kmod.c, call_modprobe).
func requestedOf(e trace.Event) (string, bool) {
	before, name, ok := strings.Cut(e.Detail, "-q -- ")
	return name, ok && name != "" && !strings.Contains(before, "-- ")
}

// expect remembers that a helper will start for name.
func (r *requests) expect(name string, a asked) {
	if r.count >= requestsMax {
		r.forget(a.time)
	}
	if r.count >= requestsMax {
		return
	}
	r.waiting[name] = append(r.waiting[name], a)
	r.count++
}

// forget drops the requests whose helper never showed up.
func (r *requests) forget(now int64) {
	if now-r.swept < helperLate/16 {
		return
	}
	r.swept = now
	for name, list := range r.waiting {
		for len(list) > 0 && now-list[0].time > helperLate {
			list = list[1:]
			r.count--
		}
		if len(list) == 0 {
			delete(r.waiting, name)
		} else {
			r.waiting[name] = list
		}
	}
}

// claim returns the oldest request for name that has no helper, 0 for none.
func (r *requests) claim(name string, now int64) uint64 {
	r.forget(now)
	list := r.waiting[name]
	for len(list) > 0 && now-list[0].time > helperLate {
		list = list[1:]
		r.count--
	}
	if len(list) == 0 {
		delete(r.waiting, name)
		return 0
	}
	r.count--
	if len(list) == 1 {
		delete(r.waiting, name)
	} else {
		r.waiting[name] = list[1:]
	}
	return list[0].number
}

// nowaits says that the caller of a request does not wait for the helper.
func nowaits(e trace.Event) bool { return strings.HasSuffix(e.Detail, noWait) }
