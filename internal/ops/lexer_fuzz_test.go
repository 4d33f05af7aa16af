package ops_test

import (
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// FuzzSplit cuts lines into words, conditions among them: a word lies where it
// says, words do not overlap, and a condition is the line's own text.
func FuzzSplit(f *testing.F) {
	for _, line := range []string{
		`load 'a b' "c\"d" e\ f # comment`, `until state("ext4") == "live" # and so on`, `until 'x == "y"'`,
		`break W4 thread=A if at("A") == "#" # x`, `expect # nothing`, `expect "\`, `break if`, "\x00'", `u "`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := ops.Split(line)
		if err != nil {
			return
		}
		end := 0
		for i, w := range words {
			if w.Start < end || w.End < w.Start || w.End > len(line) {
				t.Fatalf("word %d of %q lies at %d to %d, after %d", i, line, w.Start, w.End, end)
			}
			end = w.End
		}
		if len(words) == 2 && words[0].Text == "until" && line[words[1].Start] != '\'' && !strings.HasPrefix(line[words[1].Start:], words[1].Text) {
			t.Fatalf("the condition of %q is %q", line, words[1].Text)
		}
	})
}
