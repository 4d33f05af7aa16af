package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A thread that comes to no point and no known wait is an error that says where
// it is, not a wait for ever.
func TestStepperAstray(t *testing.T) {
	c := newScene(t)
	a := c.spawn("A", 10)
	c.s.mu.Lock()
	a.goOn = func(int) {
		c.sees(10, sleepsIn("ext4_sync_fs"))
		c.mu.Lock()
		c.time += standPatience
		c.mu.Unlock()
	}
	c.s.mu.Unlock()
	if _, err := c.s.step(t.Context(), "A", false); err == nil || !strings.Contains(err.Error(), "ext4_sync_fs") {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.mu.Lock()
	c.time = 0
	c.mu.Unlock()
	if _, err := c.s.step(ctx, "A", false); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestStepperHung: of a thread that sleeps uninterruptibly the kernel itself has
// a report to make, which is waited for; no longer than it takes.
func TestStepperHung(t *testing.T) {
	for _, tt := range []struct {
		state   byte
		limit   int64 // of the kernel's watchdog, s
		patient int64 // s that are waited
	}{{'D', 30, 61}, {'D', 0, 20}, {'D', 600, 20}, {'S', 30, 20}} {
		c := newScene(t)
		c.s.hung = func() int64 { return tt.limit * second }
		a := c.spawn("A", 10)
		at := sleepsIn("ext4_sync_fs")
		at.state = tt.state
		c.s.mu.Lock()
		a.goOn = func(int) {
			c.sees(10, at)
			c.mu.Lock()
			c.time += tt.patient*second - 1
			c.mu.Unlock()
		}
		c.s.mu.Unlock()
		// Time goes on by itself once the thread is on its way.
		now := c.s.now
		c.s.now = func() int64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.time > 0 {
				c.time++
			}
			return c.time
		}
		_, err := c.s.step(t.Context(), "A", false)
		if took := now(); err == nil || took < tt.patient*second || took > tt.patient*second+second {
			t.Errorf("%+v: after %d ns: %v", tt, took, err)
		}
	}
}

// Nor is it when a crowd was let go: once nobody has come anywhere for long,
// that is an error about the one who is on his way.
func TestStepperCrowdAstray(t *testing.T) {
	c := newScene(t)
	c.spawn("A", 10, "H0")
	b := c.spawn("B", 11)
	c.s.mu.Lock()
	b.goOn = func(int) {
		c.sees(11, sleepsIn("ext4_sync_fs"))
		c.mu.Lock()
		c.time += 2 * standPatience // slow, and not yet an error
		c.mu.Unlock()
		go func() {
			for ; ; time.Sleep(time.Millisecond) {
				c.mu.Lock()
				c.time += second
				c.mu.Unlock()
				if t.Context().Err() != nil {
					return
				}
			}
		}()
	}
	c.s.mu.Unlock()
	err := c.s.freeAll(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), "thread B") || !strings.Contains(err.Error(), "ext4_sync_fs") {
		t.Errorf("err = %v", err)
	}
	c.stands("A", "done", "H0", "")
}

// TestSignalOfAHelper: a helper, which is nobody's child, gets its signal by its
// process, and ends with the status of that.
func TestSignalOfAHelper(t *testing.T) {
	for sig, status := range map[string]int64{"KILL": 9, "TERM": 15} {
		s := newStepper(func(int, int) sight { return sight{gone: true} }, func() int64 { return 0 })
		var sent []string
		s.kill = func(pid int, sig string) error {
			sent = append(sent, fmt.Sprint(pid, " ", sig))
			return nil
		}
		parent := &thread{id: "A", pid: 10, stand: standDone}
		h := s.addHelper(20, parent, 1)
		if err := s.signal(t.Context(), h.id, sig); err != nil || len(sent) != 1 || sent[0] != "20 "+sig {
			t.Errorf("%s: err = %v, sent %q", sig, err, sent)
		}
		if got := h.state(); !got.Done || !got.Killed || got.Result != status {
			t.Errorf("%s: became %+v", sig, got)
		}
	}
}
