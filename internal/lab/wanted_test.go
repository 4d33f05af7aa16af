package lab

import (
	"os"
	"strings"
	"testing"
)

// TestWantedPage: the page about one's own kernel has the options that are
// looked for, as a fragment.
func TestWantedPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/own-kernel.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]wanted{guestWants, driverWants, worthWants} {
		block := ""
		for _, line := range fragment(list) {
			block += "    " + line + "\n"
		}
		if !strings.Contains(string(b), "\n\n"+block+"\n") {
			t.Errorf("docs/own-kernel.md does not have\n%s", block)
		}
	}
}
