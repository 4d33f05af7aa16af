//go:build linux

package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/trace"
)

// fakeSys returns a kernel whose procfs and sysfs are plain files.
func fakeSys(t *testing.T, files map[string]string) *Linux {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &Linux{release: "6.1.0", proc: filepath.Join(dir, "proc"), sys: filepath.Join(dir, "sys")}
}

func TestInitstate(t *testing.T) {
	k := fakeSys(t, map[string]string{
		"sys/module/ext4/initstate":   "live\n",
		"sys/module/coming/initstate": "coming\n",
		"sys/module/going/initstate":  "going\n",
		"sys/module/window/":          "",
		"sys/module/a_b/initstate":    "live\n",
		"sys/module/odd/initstate":    "dreaming\n",
		"sys/module/compression":      "xz\n",
		"sys/secret":                  "live\n",
	})
	for _, tc := range []struct {
		name string
		want Initstate
		err  error
	}{
		{"ext4", Initstate{true, trace.Live}, nil},
		{"coming", Initstate{true, trace.Coming}, nil},
		{"going", Initstate{true, trace.Going}, nil},
		{"window", Initstate{true, ""}, nil},
		{"a-b", Initstate{true, trace.Live}, nil},
		{"none", Initstate{}, nil},
		{"compression", Initstate{}, nil}, // a plain file, not a module
		{"odd", Initstate{}, ErrDamaged},
		{"../secret", Initstate{}, ErrInvalidName},
		{"", Initstate{}, ErrInvalidName},
		{strings.Repeat("a", 56), Initstate{}, ErrInvalidName},
	} {
		got, err := k.Initstate(tc.name)
		if got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%q: %+v, %v; want %+v, %v", tc.name, got, err, tc.want, tc.err)
		}
	}
	if c := k.Compression(); c != "xz" {
		t.Errorf("compression %q, want xz", c)
	}
}

func TestModulesOfThisSystem(t *testing.T) {
	k := fakeSys(t, map[string]string{"proc/modules": "ext4 983040 1 - Live 0x0\n"})
	if m, err := k.Modules(); err != nil || len(m) != 1 || m[0].Name != "ext4" {
		t.Errorf("%v, %v", m, err)
	}
	k = fakeSys(t, map[string]string{"proc/self/stat": ""})
	if m, err := k.Modules(); !errors.Is(err, ErrNoModules) {
		t.Errorf("a procfs without the file: %v, %v; want an error that says there are no modules", m, err)
	}
	if m, err := ModulesOrNone(k); err != nil || len(m) != 0 {
		t.Errorf("a procfs without the file: %v, %v; want none", m, err)
	}
	k = fakeSys(t, nil)
	if _, err := ModulesOrNone(k); err == nil {
		t.Error("without procfs nothing is known of modules, yet none is what was said")
	}
	if m, err := k.Modules(); !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrNoModules) {
		t.Errorf("without the file: %v, %v; want an error that says it is not there", m, err)
	}
}

// TestArguments checks what never reaches the kernel.
func TestArguments(t *testing.T) {
	k := fakeSys(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file, err := fstest.MapFS{"a.ko": {}}.Open("a.ko")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Finit(t.Context(), file, "", 0); err == nil || !strings.Contains(err.Error(), "needs an open file") {
		t.Errorf("a file that is not the system's: %v", err)
	}
	if err := k.Init(t.Context(), nil, "a\x00b"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a zero byte in the parameters: %v", err)
	}
	if err := k.Init(ctx, nil, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if err := k.Delete(t.Context(), "../x", false); !errors.Is(err, ErrInvalidName) {
		t.Errorf("a path as a name: %v", err)
	}
	if err := k.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep with a context that has ended: %v", err)
	}
	if err := k.Sleep(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("sleep: %v", err)
	}
}

func TestRetry(t *testing.T) {
	n := 0
	if err := retry(t.Context(), "call", func() error {
		if n++; n < 3 {
			return syscall.EINTR
		}
		return nil
	}); err != nil || n != 3 {
		t.Errorf("%v after %d calls, want success after 3", err, n)
	}
	n = 0
	err := retry(t.Context(), "call", func() error { n++; return syscall.EINTR })
	if !errors.Is(err, syscall.EINTR) || n != maxRetries+1 {
		t.Errorf("%v after %d calls, want EINTR after %d", err, n, maxRetries+1)
	}
	if err := retry(t.Context(), "call", func() error { return syscall.EEXIST }); ErrnoOf(err) != syscall.EEXIST || err.Error() != "call: file exists" {
		t.Errorf("%v", err)
	}
}

// TestKmsg writes a record to the kernel log of this system and reads it back
// by a mark. It needs the right to do both.
func TestKmsg(t *testing.T) {
	w, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("can't write to the kernel log here: %v", err)
	}
	defer w.Close()
	if fd, err := openKmsg(); err != nil {
		t.Skipf("can't read the kernel log here: %v", err)
	} else {
		unix.Close(fd)
	}
	k := fakeSys(t, nil)
	say := func(i int) string {
		line := fmt.Sprintf("kmodsh test %d of %d", i, os.Getpid())
		if _, err := fmt.Fprintln(w, line); err != nil {
			t.Fatal(err)
		}
		return line
	}
	contains := func(lines []string, line string) bool {
		for _, l := range lines {
			if strings.Contains(l, line) {
				return true
			}
		}
		return false
	}
	before := say(0)
	mark := k.LogMark()
	first := say(1)
	second := k.LogMark()
	last := say(2)
	if got := k.LogSince(mark); contains(got, before) || !contains(got, first) || !contains(got, last) {
		t.Errorf("since the first mark: %q", got)
	}
	if got := k.LogSince(second); contains(got, first) || !contains(got, last) {
		t.Errorf("since the second mark: %q", got)
	}
	records, err := ReadKmsg(0)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(records); i++ {
		if records[i].Seq <= records[i-1].Seq {
			t.Fatalf("record %d comes after %d", records[i].Seq, records[i-1].Seq)
		}
	}
	if few, err := ReadKmsg(3); err != nil || len(few) != min(3, len(records)) {
		t.Errorf("%d records, %v; want the last 3", len(few), err)
	}
}
