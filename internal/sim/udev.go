package sim

import (
	"fmt"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// taskUdev is a user of modules as udev rules are: it waits for a module's ADD
// uevent and takes it for the sign that the module is ready. Kernels that send
// it before init runs deceive it (38dc717e9715).
func (s *System) taskUdev(t *Thread, k Task, o *Outcome) int64 {
	w := t.w
	name := kernel.Normalize(k.Name)
	seen := len(w.uevents)
	announced := func() bool {
		w.sawUevents()
		for ; seen < len(w.uevents); seen++ {
			if u := w.uevents[seen]; u.Action == "add" && u.Module == name {
				return true
			}
		}
		return false
	}
	t.WaitUntil(&w.ueventQ, 0, Interruptible, "the uevent of "+name, announced)
	t.userspace()
	o.State = w.StateOf(name)
	if o.Verdict = kernel.Premature; o.State == trace.Live {
		o.Verdict = kernel.OK
	}
	return 0
}

// taskInitstate opens and reads /sys/module/NAME/initstate, two system calls:
// a file that is removed after it was opened answers ENODEV (fs/kernfs/file.c,
// kernfs_get_active).
func (s *System) taskInitstate(t *Thread, k Task, o *Outcome) int64 {
	w := t.w
	name := kernel.Normalize(k.Name)
	m := w.dirOf(name)
	if m == nil || !m.Sysfs.Initstate() {
		return -int64(ENOENT)
	}
	m.opened = true
	t.pause()
	t.userspace()
	if w.dirOf(name) != m || !m.Sysfs.Initstate() {
		o.Err = fmt.Errorf("read /sys/module/%s/initstate: ENODEV", name)
		return -int64(ENODEV)
	}
	w.sawName(name, m)
	o.State = m.State
	return 0
}
