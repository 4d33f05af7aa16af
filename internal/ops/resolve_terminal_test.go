package ops

import (
	"strings"
	"testing"
)

// TestResolveLinesOnATerminal: modprobe's lines are given on byte by byte, but to
// a terminal, which would take parts of an install line for commands.
func TestResolveLinesOnATerminal(t *testing.T) {
	r := &ResolveResult{Mode: ModeSteps, Names: []ResolvedName{{Name: "x", Lines: []string{"install echo \x1b[2J "}}}}
	for width, want := range map[int]string{0: "install echo \x1b[2J \n", 80: `install echo \x1b[2J ` + "\n"} {
		var b strings.Builder
		if err := r.WriteText(&b, Style{Width: width}); err != nil || b.String() != want {
			t.Errorf("width %d: %q %v, want %q", width, b.String(), err, want)
		}
	}
}
