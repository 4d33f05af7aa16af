package shell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitKeys(t *testing.T) {
	for _, tt := range []struct {
		in   string
		keys []string
		rest string
	}{
		{"load ext4\rquit\r", []string{"load ext4", "\r", "quit", "\r"}, ""},
		{"\x1b[A\x1b[1;5Cx", []string{"\x1b[A", "\x1b[1;5C", "x"}, ""},
		{"ab\x1b", []string{"ab"}, "\x1b"},
		{"ab\x1b[", []string{"ab"}, "\x1b["},
		{"\x1bOP\x1bb", []string{"\x1bOP", "\x1b", "b"}, ""},
		{"\x03\x04\x7f", []string{"\x03", "\x04", "\x7f"}, ""},
		{"aé", []string{"aé"}, ""},
		{"a\xc3", []string{"a"}, "\xc3"},
		{"\xe2\x82", nil, "\xe2\x82"},
		{"", nil, ""},
	} {
		keys, rest := splitKeys([]byte(tt.in))
		var got []string
		for _, k := range keys {
			got = append(got, string(k))
		}
		if d := cmp.Diff(tt.keys, got); d != "" || string(rest) != tt.rest {
			t.Errorf("splitKeys(%q): rest %q, want %q\n%s", tt.in, rest, tt.rest, d)
		}
	}
}

// FuzzSplitKeys holds that no byte is lost, added or moved, and that what is
// kept back stays bounded.
func FuzzSplitKeys(f *testing.F) {
	for _, s := range []string{"load\r", "\x1b[A", "\x1b[", "\x1b[9999999999999999999999999999999999999", "\xe2\x82", "\xff\xfe"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, rest := splitKeys(b)
		var all []byte
		for _, k := range keys {
			if len(k) == 0 {
				t.Fatal("an empty key")
			}
			all = append(all, k...)
		}
		if string(append(all, rest...)) != string(b) {
			t.Fatalf("%q became %q and %q", b, keys, rest)
		}
		if len(rest) > maxEscape {
			t.Fatalf("%d bytes kept back", len(rest))
		}
	})
}
