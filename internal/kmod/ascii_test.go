package kmod

import (
	"strings"
	"testing"
)

// TestASCII puts each character into each place of strings of each length, and
// compares with what is said of it alone.
func TestASCII(t *testing.T) {
	for n := 1; n < 20; n++ {
		for at := range n {
			for c := range 256 {
				s := strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("~", n-at-1)
				if got, want := indexable(s), c > 0 && c < 0x80; got != want {
					t.Fatalf("%q can be in an index: %v", s, got)
				}
				if got, want := unprintable(s), c != '\t' && (c < ' ' || c >= 0x7f); got != want {
					t.Fatalf("%q cannot be in a line: %v", s, got)
				}
			}
		}
	}
	if unprintable("\t\t\t\t\t\t\t\t\t") || !unprintable("\t\t\t\t\t\t\t\t\n") || unprintable("") || !indexable("") {
		t.Error("of tabs alone, or of nothing")
	}
}
