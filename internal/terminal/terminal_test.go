package terminal

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		told   string
		screen bool
		last   string
		died   bool
	}{
		{"", false, "", true},
		{"\x01", true, "", true},
		{"\x01\x02", false, "", true},
		{"\x01\x02\x01", true, "", true},
		{"\x01\x02\x03", false, "", false},
		{"\x03", false, "", false},
		{"\x01panic: x\n\ngoroutine 1\x02", true, "panic: x\n\ngoroutine 1\x02", true},
		{"SIGSEGV\xff", false, "SIGSEGV?", true},
	} {
		screen, last, died := read([]byte(c.told))
		if screen != c.screen || last != c.last || died != c.died {
			t.Errorf("%q: screen %v, last %q, died %v", c.told, screen, last, died)
		}
	}
}

func TestWords(t *testing.T) {
	got := words("panic: \x1b[31mred\n" + strings.Repeat("\tline\n", maxShown+5))
	if strings.Contains(got, "\x1b") || !strings.Contains(got, "panic: ?[31mred\n\tline\n") || !strings.HasSuffix(got, "... and 6 lines more\n") {
		t.Errorf("%q", got)
	}
	if n := strings.Count(got, "\n"); n != maxShown+2 {
		t.Errorf("%d lines", n)
	}
}

// The nil Guard is where there is no terminal: nothing happens.
func TestNoTerminal(t *testing.T) {
	var g *Guard
	g.Screen(true)
	g.Screen(false)
	g.End()
}
