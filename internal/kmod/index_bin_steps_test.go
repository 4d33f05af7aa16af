package kmod

import (
	"errors"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestBinIndexPatternsThatTakeLong looks a name up among patterns of which each is
// tried in millions of ways: that is damage, and no wait of minutes.
func TestBinIndexPatternsThatTakeLong(t *testing.T) {
	var entries []indexEntry
	stem := "*" + strings.Repeat("a", 1900)
	for any := range 20 {
		for c := byte('A'); c <= 'Z'; c++ {
			entries = append(entries, indexEntry{key: stem + strings.Repeat("?", any) + string([]byte{c}), value: "x"})
		}
	}
	x, err := openImage(indexImage(t, entries...))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("a", 3900)
	if _, err := x.match(name); !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "comparisons") {
		t.Error(err)
	}
}

// TestGlobLongBracket: a bracket that is remembered gives the answers that a short
// one gives.
func TestGlobLongBracket(t *testing.T) {
	long := "[" + strings.Repeat("bc", 200) + "]"
	for _, s := range []string{"", "b", "xb", "xbx", "xbxc", "bcbc", "ccccx", "xxbd"} {
		for _, form := range []string{"*@x", "*@@", "@*", "*@*@", "x@"} {
			want := globMatch(strings.ReplaceAll(form, "@", "[bc]"), s)
			if got := globMatch(strings.ReplaceAll(form, "@", long), s); got != want {
				t.Errorf("%s in %q: %v, want %v", form, s, got, want)
			}
		}
	}
}
