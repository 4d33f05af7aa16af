package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"
)

// threadPoll is how often a thread is looked at: rarely enough to cost nothing
// beside a load, often enough that nobody wonders.
const threadPoll = 200 * time.Millisecond

// LockThread wires the calling goroutine to its thread, and calls lost, in
// another goroutine, when that thread ends before done is called.
//
// An oops ends the thread it happened in and nothing else (make_task_dead in
// kernel/exit.c of 6.1). The Go runtime is not told: the goroutine that made
// the system call waits for ever, and its process with it. A process that
// loads or unloads calls this first, and ends itself in lost.
func LockThread(lost func()) (done func()) {
	runtime.LockOSThread()
	ctx, done := context.WithCancel(context.Background())
	watchThread(ctx, syscall.Gettid(), lost)
	return done
}

// watchThread calls lost when the thread tid of this process ends before ctx.
func watchThread(ctx context.Context, tid int, lost func()) {
	stat := fmt.Sprintf("/proc/self/task/%d/stat", tid)
	go func() {
		tick := time.NewTicker(threadPoll)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if threadLost(ctx, stat) {
				lost()
				return
			}
		}
	}()
}

// threadLost says whether the thread with this stat file has ended before ctx. A
// goroutine that has done its work takes its thread with it, after ctx: so that
// is asked last, and also when a tick was due at the same time.
func threadLost(ctx context.Context, stat string) bool {
	return threadEnded(stat) && ctx.Err() == nil
}

// threadEnded says whether the thread with this stat file (proc(5)) has ended.
// A thread that has is no longer listed; the first one of a process stays, as a
// zombie. What can't be told counts as alive.
func threadEnded(stat string) bool {
	b, err := os.ReadFile(stat)
	if err != nil {
		// Without /proc nothing is known.
		if errors.Is(err, fs.ErrNotExist) {
			_, err := os.Stat("/proc/self/stat")
			return err == nil
		}
		return false
	}
	// The name, in parentheses, may hold anything, also parentheses.
	_, rest, ok := bytes.Cut(b[bytes.LastIndexByte(b, ')')+1:], []byte(" "))
	return ok && len(rest) > 0 && (rest[0] == 'Z' || rest[0] == 'X')
}
