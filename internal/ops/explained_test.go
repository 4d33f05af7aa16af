package ops_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestEveryVerbIsExplained holds each row of the table to what its readers
// rely on.
func TestEveryVerbIsExplained(t *testing.T) {
	words := map[string]string{}
	for _, v := range ops.Verbs() {
		for _, w := range append([]string{v.Name}, v.Aliases...) {
			if other := words[w]; other != "" {
				t.Errorf("the word %s is both %s and %s", w, other, v.Name)
			}
			words[w] = v.Name
		}
		if v.Short == "" || strings.HasSuffix(v.Short, ".") || len(v.Short) > 70 {
			t.Errorf("%s: Short is missing, too long or ends in a full stop: %q", v.Name, v.Short)
		}
		if v.Group == "" {
			t.Errorf("%s: no group", v.Name)
		}
		page, err := os.ReadFile("help/" + v.Name + ".md")
		if err != nil || len(page) < 40 {
			t.Errorf("%s: help/%[1]s.md says nothing (%v)", v.Name, err)
		}
		if len(v.Examples) == 0 {
			t.Errorf("%s: no example", v.Name)
		}
		for _, e := range v.Examples {
			got, err := ops.Split(e)
			if err != nil || len(got) == 0 || got[0].Text != v.Name {
				t.Errorf("%s: example %q is no line of it (%v)", v.Name, e, err)
			}
		}
		checkHelp(t, v.Name)
	}
}

// checkHelp asks for a verb's help as a person would, and looks that it fits.
func checkHelp(t *testing.T, name string) {
	t.Helper()
	for _, words := range [][]string{{name, "--help"}, {"help", name}} {
		res, err := ops.New().Exec(context.Background(), words)
		if err != nil {
			t.Errorf("%v: %v", words, err)
			continue
		}
		var b bytes.Buffer
		if err := ops.Write(&b, res, false, ops.Style{Width: 80, ASCII: true}); err != nil {
			t.Errorf("%v: %v", words, err)
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			if len(line) > 80 {
				t.Errorf("%v: longer than 80 columns: %q", words, line)
			}
		}
	}
}
