package ops_test

import (
	"bytes"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestColoursAreColours: what a terminal with colours is shown has escapes that
// colour, and none made visible; without them the words are the same.
func TestColoursAreColours(t *testing.T) {
	t.Chdir(t.TempDir()) // explore leaves a file
	s := simulated()
	defer s.Close()
	for _, line := range []string{
		"target sim:v6.12", "setup seed/builtin-race", "continue", "continue B", "lanes", "belief", "threads", "events -n 3",
		"explore seed/builtin-race", "conform seed/builtin-race --sim v6.12 --vm sim:v6.12 -n 2", "info W4", "tour 3", "tour a", "tour b", "tour show", "tour",
	} {
		words, err := ops.Split(line)
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, w := range words {
			args = append(args, w.Text)
		}
		r, err := s.Exec(t.Context(), args)
		if r == nil {
			t.Errorf("%s shows nothing: %v", line, err)
			continue
		}
		var color, bare bytes.Buffer
		if err := r.WriteText(&color, ops.Style{Color: true, Width: 80}); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteText(&bare, ops.Style{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(color.String(), `\x1b`) {
			t.Errorf("%s shows escapes:\n%s", line, color.String())
		}
		var plain strings.Builder
		for rest := color.String(); rest != ""; {
			before, after, ok := strings.Cut(rest, "\x1b[")
			plain.WriteString(before)
			if rest = after; ok {
				_, rest, _ = strings.Cut(after, "m")
			}
		}
		if plain.String() != bare.String() {
			t.Errorf("%s says with colours\n%s\nand without\n%s", line, plain.String(), bare.String())
		}
	}
}
