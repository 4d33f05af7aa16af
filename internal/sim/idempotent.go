package sim

import (
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// idempotent is one entry of the table of loads that are under way, keyed by
// inode (kernel/module/main.c 6.12, struct idempotent).
type idempotent struct {
	done bool
	ret  int64
	q    Queue
}

// idempotentLoad is idempotent_init_module: the first caller for an inode does
// the load, whoever comes meanwhile gets its answer, own arguments and flags
// ignored. The entry is made before the file is read and goes when the load
// has returned, so that it covers the teardown of a failing init, too. The wait
// was not interruptible before 6.11 (2124d84db293).
func (t *Thread) idempotentLoad(f *File, args string, flags kernel.InitFlags) int64 {
	w := t.w
	entry := w.resource(ofInode, "", f.Inode)
	w.saw(entry, w.values[entry])
	if first := w.inodes[f.Inode]; first != nil {
		brk := Uninterruptible
		if w.Profile.IdempotentBreak {
			brk = Interruptible
		}
		why := t.WaitUntil(&first.q, 0, brk, "the load of the same file by another thread", func() bool { return first.done })
		if why == Signalled {
			return -int64(EINTR)
		}
		t.note("L0", nil, trace.Event{Name: f.Spec.Name, Ret: trace.Int(first.ret), Detail: "answer of the load of the same file"})
		return first.ret
	}
	mine := &idempotent{}
	mine.q.bit = uint8(entry)
	w.inodes[f.Inode] = mine
	w.setNamed(entry, 1)
	mine.ret = t.loadImage(f, args, ViaFinit, flags)
	mine.done = true
	mine.q.answer = mix(1, uint64(mine.ret))
	delete(w.inodes, f.Inode)
	w.setNamed(entry, 0)
	w.wake(&mine.q, -1)
	return mine.ret
}
