package lab

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// TestVMRounds saves and restores again and again; each time the machine must
// answer, and events come in. For a long run: KMODSH_ROUNDS=200.
func TestVMRounds(t *testing.T) {
	rounds := 8
	if n, err := strconv.Atoi(os.Getenv("KMODSH_ROUNDS")); err == nil {
		rounds = n
	}
	// The runtime's own two files for waiting, which it never closes, are opened
	// with the first pipe.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	before := openFiles(t)
	vm := openVM(t, "6.1", Options{})
	var save, back time.Duration
	for i := range rounds {
		began := time.Now()
		if err := vm.checkpoint(t.Context(), i); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		save += time.Since(began)
		mustLoad(t, vm, "crc16")
		began = time.Now()
		if at, err := vm.restoreTo(t.Context(), i-i%3); err != nil || at != i-i%3 {
			t.Fatalf("round %d: %d, %v", i, at, err)
		}
		back += time.Since(began)
		if live(t, vm, "crc16") {
			t.Fatalf("round %d: crc16 is still there", i)
		}
		if err := vm.Sync(t.Context()); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
	wholeStory(t, vm)
	t.Logf("%d rounds: save %s, restore %s; %s", rounds, save/time.Duration(rounds), back/time.Duration(rounds), vm.past.pool.usage())
	// Closed in the middle of going back, it leaves nothing either.
	went := make(chan error, 1)
	go func() {
		_, err := vm.restoreTo(context.Background(), 0)
		went <- err
	}()
	for {
		vm.mu.Lock()
		moving := vm.moving
		vm.mu.Unlock()
		if moving != nil {
			break
		}
		runtime.Gosched()
	}
	left(t, vm)
	if err := <-went; !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("the target was closed, going back gave %v", err)
	}
	emptyTmpOf(t, vm)
	if after := openFiles(t); after > before {
		t.Errorf("%d files were open before, %d are after it", before, after)
	}
}

// openFiles returns how many files this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	return len(entries)
}

// emptyTmpOf fails the test when a closed machine's checkpoints are left.
func emptyTmpOf(t *testing.T, vm *target) {
	t.Helper()
	if _, err := os.Stat(vm.past.pool.dir.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoints are left: %v", err)
	}
}
