package kmod

import (
	"strings"
	"testing"
)

func TestGlobMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false},
		{"*", "", true}, {"*", "a/b.c", true}, {"**a**", "bab", true},
		{"a*b*c", "axxbyyc", true}, {"a*b*c", "axxbyy", false},
		{"?", "", false}, {"?", ".", true}, {"a?c", "a/c", true},
		{"[abc]x", "bx", true}, {"[abc]x", "dx", false},
		{"[a-c]", "b", true}, {"[a-c]", "-", false}, {"[a-]", "-", true}, {"[-a]", "-", true},
		{"[!a]", "b", true}, {"[!a]", "a", false}, {"[^a]", "b", true},
		{"[]a]", "]", true}, {"[]a]", "a", true}, {"[!]]", "]", false},
		{"[c-a]", "b", false}, {"[ab", "[ab", true}, {"[ab", "a", false}, {"[", "[", true},
		{`[\]]`, "]", true}, {`\*`, "*", true}, {`\*`, "a", false}, {`a\`, "a", false}, {`\`, `\`, false},
		{"[[:digit:]]", "7", true}, {"[[:digit:]]", "x", false}, {"[[:alpha:]_]", "_", true},
		{"[[:nonsense:]]", "a", false},
		{"pci:v*d*sv*sd*bc01sc06i01*", "pci:v1d2sv3sd4bc01sc06i01", true},
		{"fe:[0-9a-f][0-9]*", "fe:a0", true},
	} {
		if got := globMatch(tt.pattern, tt.s); got != tt.want {
			t.Errorf("globMatch(%q, %q) = %v, want %v", tt.pattern, tt.s, got, tt.want)
		}
	}
}

// TestGlobMatchIsBounded would not end if every star were retried.
func TestGlobMatchIsBounded(t *testing.T) {
	if globMatch(strings.Repeat("a*", 1000)+"b", strings.Repeat("a", 2000)) {
		t.Error("matched")
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a*[b-d]?", "axxcy")
	f.Add(`[[:alpha:]\]]*`, "]")
	f.Add("[!", "[")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 200 || len(s) > 200 {
			return
		}
		m := globMatch(pattern, s)
		if !strings.ContainsAny(pattern, `*?[\`) && m != (pattern == s) {
			t.Errorf("%q without wildcards, %q: %v", pattern, s, m)
		}
		if m && !globMatch(pattern+"*", s+"tail") {
			t.Errorf("%q matches %q but with a star not its extension", pattern, s)
		}
		for i := range len(pattern) + 1 {
			if may, _ := globBegins([]byte(pattern[:i]), s); m && !may {
				t.Errorf("%q matches %q, and its beginning %q is said not to", pattern, s, pattern[:i])
			}
		}
		if may, _ := globBegins([]byte(pattern), s); !strings.ContainsAny(pattern, `[\\`) && may != globMatch(pattern+"*", s) {
			t.Errorf("%q may or may not begin a match of %q", pattern, s)
		}
	})
}
