package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
)

// clockPage is the file that the agent and the keeper share: in its first four
// bytes is the number of open questions.
const clockPage = runDir + "/clock"

// questions counts the open questions of the host where the keeper sees it.
type questions struct{ page []byte }

// counter is the number in the page.
func counter(page []byte) *atomic.Int32 { return (*atomic.Int32)(unsafe.Pointer(&page[0])) }

// add changes the number.
func (q *questions) add(n int) {
	if q != nil {
		counter(q.page).Add(int32(n))
	}
}

// mapClock maps the shared page.
func mapClock() ([]byte, error) {
	f, err := os.OpenFile(clockPage, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(int64(os.Getpagesize())); err != nil {
		return nil, err
	}
	return unix.Mmap(int(f.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// startClock starts the keeper of the clock where the lab says that the guest
// needs one; nil where not.
func startClock(c *children) (*questions, error) {
	line, err := readLine("/proc/cmdline")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(strings.Fields(line), wire.CountedClock) {
		return nil, nil
	}
	page, err := mapClock()
	if err != nil {
		return nil, fmt.Errorf("the keeper of the clock: %w", err)
	}
	// It lives as long as the machine.
	if _, err := c.start(job{Op: opClock}); err != nil {
		return nil, fmt.Errorf("the keeper of the clock: %w", err)
	}
	return &questions{page}, nil
}

// keepClock is the keeper.
func keepClock() (any, error) {
	page, err := mapClock()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile("/proc/self/comm", []byte("kmodsh-clock"), 0); err != nil {
		return nil, err
	}
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return nil, fmt.Errorf("sched_setattr: %w", err)
	}
	// Or each sleep takes 50 us more.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("prctl: %w", err)
	}
	load, err := os.Open("/proc/loadavg")
	if err != nil {
		return nil, err
	}
	disks, err := filepath.Glob("/sys/block/vd*/inflight")
	if err != nil {
		return nil, err
	}
	var inflight []*os.File
	for _, name := range disks {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		inflight = append(inflight, f)
	}
	buf := make([]byte, 128)
	read := func(f *os.File) []byte {
		n, err := unix.Pread(int(f.Fd()), buf, 0)
		if err != nil {
			return nil
		}
		return buf[:n]
	}
	open, last := counter(page), int64(0)
	// Since 6.12 who sleeps may be counted among those that run until somebody
	// else has had his share (kernel/sched/fair.c, dequeue_entity with
	// DELAY_DEQUEUE). Of the keeper's share that is milliseconds; when he sleeps
	// himself, however shortly, the scheduler picks the other and sees the truth.
	nudge := unix.NsecToTimespec(nudgeTime)
	for {
		for open.Load() == 0 {
			last = 0
			for range pausesEach {
				pause()
			}
		}
		running, moving := runningOf(read(load)), 0
		for _, f := range inflight {
			moving += inflightOf(read(f))
		}
		if running > 1 && moving == 0 {
			unix.Nanosleep(&nudge, nil)
			running = runningOf(read(load))
		}
		if last = leap(last, int(open.Load()), running, moving); last > 0 {
			ts := unix.NsecToTimespec(last)
			unix.Nanosleep(&ts, nil)
			continue
		}
		for range pausesEach {
			pause()
		}
	}
}
