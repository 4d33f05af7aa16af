package kmod

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestStreamMemory reads a module of 160 MB from a pipe in a process of its own,
// whose greatest memory is near the module's size.
func TestStreamMemory(t *testing.T) {
	const size, room = 160 << 20, 64 << 20
	if os.Getenv("KMODSH_STREAM") != "" {
		image, err := OpenImage(os.Stdin, "stdin")
		if err != nil || len(image) != size {
			t.Fatal(len(image), err)
		}
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Print(string(status))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestStreamMemory$")
	cmd.Env = append(os.Environ(), "KMODSH_STREAM=1")
	cmd.Stdin = io.MultiReader(strings.NewReader(elfMagic), io.LimitReader(&endless{}, size-int64(len(elfMagic))))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var peak int64 // the image's own, where getrusage(2) counts what it was forked from
	_, after, _ := strings.Cut(string(out), "VmHWM:")
	if _, err := fmt.Sscan(after, &peak); err != nil {
		t.Skipf("this system does not say how much memory a process had: %v", err)
	}
	if peak <<= 10; peak > size+room || peak < size {
		t.Errorf("%d MB at most, for a stream of %d MB", peak>>20, int64(size)>>20)
	}
}
