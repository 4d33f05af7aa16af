package sim

import (
	"time"

	"example.org/kmodsh/internal/trace"
)

// dupKept is how long the answer of a request is kept after it was given
// (kernel/module/dups.c 6.12, delete_work: 60 * HZ).
const dupKept = 60 * time.Second

// dupRequest is a request that others of the same name share the answer of
// (struct kmod_dup_req). Names are those asked for, not those of modules.
type dupRequest struct {
	done    bool
	ret     int64
	expires int64 // virtual nanoseconds, when done
	q       Queue
}

// dupRequest is kmod_dup_request_exists_wait: R7. The first request for a name
// that waits becomes the one whose answer all later ones get, for as long as
// it runs and 60 s more. One that does not wait never becomes it, and where it
// finds one it returns 0 at once.
func (t *Thread) dupRequest(name string, wait bool) (ret int64, merged bool) {
	w := t.w
	w.saw(w.resource(ofRequest, name, 0), w.dups[name].digest())
	first := w.dups[name]
	w.clock()
	if first != nil && first.done && w.now >= first.expires {
		delete(w.dups, name)
		first = nil
	}
	if first == nil {
		if wait {
			if w.dups == nil {
				w.dups = map[string]*dupRequest{}
			}
			entry := w.resource(ofRequest, name, 0)
			w.dups[name] = &dupRequest{q: Queue{bit: uint8(entry)}}
			w.setNamed(entry, w.dups[name].digest())
		}
		return 0, false
	}
	t.pass("R7", nil, trace.Event{Name: name})
	w.printk("module-autoload: duplicate request for module %s", name)
	if w.Profile.DupsTrace {
		w.printk("WARNING: CPU: 0 PID: %d at kmod_dup_request_exists_wait", t.PID)
	}
	if !wait {
		return 0, true
	}
	why := t.WaitUntil(&first.q, 0, Killable, "the answer of the first request for "+name, func() bool { return first.done })
	if why == Signalled {
		return -int64(ERESTARTSYS), true
	}
	return first.ret, true
}

// announce is kmod_dup_request_announce: only the first answer counts. It goes
// by the name alone, so that a request which did not wait and has no record of
// its own may answer for one that still runs.
func (w *World) announce(name string, ret int64) {
	entry := w.resource(ofRequest, name, 0)
	w.saw(entry, w.dups[name].digest())
	d := w.dups[name]
	if d == nil || d.done {
		return
	}
	w.clock()
	d.done, d.ret, d.expires = true, ret, w.now+int64(dupKept)
	d.q.answer = mix(1, uint64(ret))
	w.setNamed(entry, d.digest())
	w.wake(&d.q, -1)
}

// digest is 0 for a request there is no record of.
func (d *dupRequest) digest() uint64 {
	switch {
	case d == nil:
		return 0
	case d.done:
		return mix(uint64(d.ret), uint64(d.expires))
	}
	return 1
}
