package kernel

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLockThread ends a thread under the eyes of its watcher: the runtime
// ends the thread of a goroutine that returns while locked to it.
func TestLockThread(t *testing.T) {
	lost, end := make(chan struct{}), make(chan struct{})
	// The runtime parks the first thread of a process instead of ending it:
	// keep that one busy, should it be given out, and take another.
	for taken := false; !taken; {
		tid := make(chan int)
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() == os.Getpid() {
				tid <- unix.Gettid()
				<-end
				runtime.UnlockOSThread()
				return
			}
			LockThread(func() { close(lost) })
			tid <- unix.Gettid()
			<-end
		}()
		taken = <-tid != os.Getpid()
	}
	select {
	case <-lost:
		t.Fatal("lost while it lives")
	default:
	}
	close(end)
	<-lost
}

func TestThreadEnded(t *testing.T) {
	for _, c := range []struct {
		stat string
		want bool
	}{
		{"7 (kmodsh) S 1 7 7", false},
		{"7 (kmodsh) Z 1 7 7", true},
		{"7 (a) Z b) R 1 7 7", false},
		{"7 (a) R b) X 1 7 7", true},
		{"7 (a)", false},
		{"", false},
	} {
		path := filepath.Join(t.TempDir(), "stat")
		if err := os.WriteFile(path, []byte(c.stat), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := threadEnded(path); got != c.want {
			t.Errorf("threadEnded(%q) = %v, want %v", c.stat, got, c.want)
		}
	}
	if threadEnded("/proc/self/stat") {
		t.Error("this process counts as ended")
	}
	const gone = "/proc/self/task/0/stat"
	if !threadEnded(gone) {
		t.Error("a thread that never was counts as alive")
	}
	ctx, done := context.WithCancel(t.Context())
	if !threadLost(ctx, gone) {
		t.Error("a thread that ended at its work counts as done")
	}
	done()
	if threadLost(ctx, gone) {
		t.Error("a thread that ended after its work counts as lost")
	}
}
