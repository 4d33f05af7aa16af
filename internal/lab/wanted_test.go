package lab

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fragments of docs/own-kernel.md anew")

// TestWantedPage: the page about one's own kernel has the options that are
// looked for, as fragments.
func TestWantedPage(t *testing.T) {
	const path = "../../docs/own-kernel.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(b)
	for _, part := range []struct {
		list []wanted
		text string // before the block
	}{{guestWants, "A guest does not come up without\n\n"}, {driverWants, "the test driver is not built without\n\n"}, {worthWants, "and worth having are\n\n"}} {
		before, rest, found := strings.Cut(want, part.text)
		_, after, ok := strings.Cut(rest, "\n\n")
		if !found || !ok {
			t.Fatalf("%s has no %q", path, part.text)
		}
		want = before + part.text + "    " + strings.Join(fragment(part.list), "\n    ") + "\n\n" + after
	}
	if *update {
		err = os.WriteFile(path, []byte(want), 0o644)
	} else if want != string(b) {
		t.Errorf("%s is not of these options: -update writes it", path)
	}
	if err != nil {
		t.Error(err)
	}
}
