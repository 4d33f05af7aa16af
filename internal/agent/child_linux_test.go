package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// testReaper is the one of this process: there can only be one.
var testReaper = sync.OnceValue(func() *reaper { return newReaper(func(f func()) { go f() }) })

// testChildren runs jobs with a shell script in the place of the child.
func testChildren(t *testing.T, script string) *children {
	path := filepath.Join(t.TempDir(), "child")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &children{
		program: path,
		reaper:  testReaper(),
		stream:  newStream(newOutbox(), nil, nil, nil),
	}
}

// TestChildren runs real processes: what they say comes back, and so does what
// they do not.
func TestChildren(t *testing.T) {
	tests := []struct {
		name, script string
		want         string // the result's name
		is           error
		text         string
	}{
		{"answers", `echo '{"result":{"name":"x"}}' >&3`, "x", nil, ""},
		{"gets its job", `read -r line; case $line in *'"op":"load"'*) echo '{"result":{"name":"seen"}}' >&3;; esac`, "seen", nil, ""},
		{"result and error", `echo '{"result":{"name":"x"},"error":{"kind":"not-found","text":"gone"}}' >&3`, "x", kernel.ErrNotFound, "gone"},
		{"says nothing", `exit 3`, "", nil, "exit status 3"},
		{"says nonsense", `echo hm >&3`, "", nil, "without an answer"},
		{"is killed", `kill -9 $$`, "", nil, "signal killed"},
		{"leaves a process that holds the pipe", `sleep 30 & echo '{"result":{"name":"x"}}' >&3; exit 0`, "x", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testChildren(t, tt.script)
			var res kernel.LoadResult
			pid, err := c.run(context.Background(), job{Op: wire.OpLoad}, &res)
			defer unix.Kill(-pid, unix.SIGKILL)
			if res.Name != tt.want {
				t.Errorf("result %+v", res)
			}
			switch {
			case tt.text == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)):
				t.Errorf("error %v, want %q", err, tt.text)
			case tt.is != nil && !errors.Is(err, tt.is):
				t.Errorf("error %v is not %v", err, tt.is)
			}
		})
	}
}

// TestCancelKillsTheFamily cancels a job whose process has started another.
func TestCancelKillsTheFamily(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	c := testChildren(t, `sleep 300 & echo $! > `+fifo+`; wait`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := c.run(ctx, job{Op: wire.OpLoad}, &kernel.LoadResult{})
		done <- err
	}()
	b, err := os.ReadFile(fifo) // waits for the script
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(grandchild, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled job ends with %v", err)
	}
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, 10_000)
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil {
			t.Errorf("the process that the child started lives on (%v)", err)
			unix.Kill(grandchild, unix.SIGKILL)
		}
		return
	}
}
