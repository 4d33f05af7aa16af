//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shows waits until a screen has all of the texts.
func (s *screen) shows(texts ...string) {
	s.t.Helper()
	s.until(strings.Join(texts, ", "), func(screen string) bool {
		for _, x := range texts {
			if !strings.Contains(screen, x) {
				return false
			}
		}
		return true
	})
}

// TestWatchFromShell opens the screen from the prompt, twice, moves a thread
// there, and goes on at the prompt, which has what was done.
func TestWatchFromShell(t *testing.T) {
	bin := buildStatic(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	s := openScreen(t, bin, "shell")
	s.shows("sim:v6.12>")
	s.keys("spawn A insmod minix\r")
	s.shows("A will insmod minix")
	s.keys("watch\r")
	s.shows("Threads", "insmod minix", "step 1 of 1")
	s.keys("s")
	s.shows("step 2 of 2")
	s.keys("q")
	s.shows("sim:v6.12>", "A will insmod minix") // what was there before
	s.keys("threads\r")
	s.shows("position 2 of 2")
	s.keys("watch\r")
	s.shows("Threads", "step 2 of 2")
	s.keys("q")
	s.until("the prompt again", func(screen string) bool { return !strings.Contains(screen, "step 2 of 2") })
	s.keys("outcome A\r")
	s.shows("A: insmod minix", "has not ended")
	s.keys("quit\r")
	<-s.ended
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// TestScreenOnTrace opens the screen on a trace: it goes back and forth, and a
// key that would act says why it cannot.
func TestScreenOnTrace(t *testing.T) {
	bin := buildStatic(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	dir := t.TempDir()
	explore := exec.Command(bin, "explore", "seed/builtin-race")
	explore.Dir = dir
	_ = explore.Run() // a broken promise is what it is to find
	s := openScreen(t, bin, "open", filepath.Join(dir, "builtin-race.trace"))
	s.shows("Threads", "helper-1", "minix", "live", "step 42 of 42")
	s.keys("b")
	s.shows("step 41 of 42")
	s.keys(":goto 20\r")
	s.shows("step 20 of 42", "coming")
	s.keys("s")
	s.shows("step needs a kernel, and this is a record")
	s.keys("q")
	<-s.ended
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// TestWatchByItself: the verb opens the screen from a shell's command line, too; a
// terminal that knows lines only gets them.
func TestWatchByItself(t *testing.T) {
	bin := buildStatic(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	s := openScreen(t, bin, "watch")
	s.shows("A race is ready", "step 4 of 4", "permits 0 of 50")
	s.keys("q")
	<-s.ended
	for _, term := range []string{"TERM=dumb", "TERM="} {
		s = openScreen(t, "/usr/bin/env", term, bin)
		s.shows("A race is ready", "Step 4 of 4.", "sim:v6.12>")
		s.mu.Lock()
		if s.vt.IsAltScreen() {
			t.Errorf("%s: the screen is drawn all the same", term)
		}
		s.mu.Unlock()
		s.keys("quit\r")
		<-s.ended
	}
}
