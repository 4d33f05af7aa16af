package tui

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestCancelledTooLate: what ended by itself before Ctrl-C came to it is not said to
// be cancelled.
func TestCancelledTooLate(t *testing.T) {
	d := start(t, 80, 24, booted(), Options{})
	d.keys(":lod ext4")
	run := d.send(keyMsg("enter"))
	d.keys("<ctrl+c>")
	d.run(run)
	if d.m.notice != `lod ext4: there is no verb "lod"` || !d.m.warning {
		t.Errorf("at the foot is %q", d.m.notice)
	}
	for _, err := range []error{context.Canceled, &kernel.LoadError{Op: "insert", Module: "a", Errno: syscall.EINTR}, errors.New("killed")} {
		if !gaveUp(err) {
			t.Errorf("not by Ctrl-C: %v", err)
		}
	}
	if err := (&kernel.LoadError{Op: "insert", Module: "a", Errno: syscall.EINVAL}); gaveUp(err) {
		t.Errorf("by Ctrl-C: %v", err)
	}
	d.m.job = &job{id: 7, line: "open x", opening: true, cancel: func() {}}
	d.send(keyMsg("ctrl+c"))
	d.send(openedMsg{job: 7, target: booted()})
	if d.m.notice != "open x: done before it could be cancelled" {
		t.Errorf("at the foot is %q", d.m.notice)
	}
}
