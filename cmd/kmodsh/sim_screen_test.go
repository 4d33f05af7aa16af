//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestSimScreen does what a newcomer does with the program alone: opens it,
// steps the race to its wrong answer, goes back, and quits. It needs no root,
// no machine and no kernel.
func TestSimScreen(t *testing.T) {
	bin := buildStatic(t) // with the caches of the real home
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	s := openScreen(t, bin)
	shows := func(texts ...string) {
		t.Helper()
		s.until(strings.Join(texts, ", "), func(screen string) bool {
			for _, x := range texts {
				if !strings.Contains(screen, x) {
					return false
				}
			}
			return true
		})
	}
	shows("A race is ready", ": setup seed/builtin-race", "step 4 of 4", "permits 0 of 50")
	s.keys("c")
	shows("A is in the window", "dir only")
	s.keys("\x1b[B ") // Down, Space
	shows("Thread B at R1")
	s.keys("   ")
	shows("permits 1 of 50")
	s.keys("c")
	shows("returned 0, premature", "The race: B has success, minix is coming")
	s.keys("b")
	shows("gone back")
	s.keys("<")
	shows("will insmod minix", "no modules are loaded")
	s.keys("q")
	<-s.ended
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}
