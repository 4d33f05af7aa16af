package applet

import (
	"strings"
	"testing"
)

// FuzzGetopt checks that no word is lost or made up, whatever the arguments.
func FuzzGetopt(f *testing.F) {
	f.Add("-q\x00--\x00fs-ext4")
	f.Add("-rw\x00100\x00--wait=1\x00--first\x00a\x00-b")
	f.Add("-\x00--\x00--\x00-w")
	f.Fuzz(func(t *testing.T, joined string) {
		args := strings.Split(joined, "\x00")
		flags, rest, err := getopt(args, modprobeOptions, false)
		if err != nil {
			return
		}
		for _, w := range rest {
			if !strings.Contains(joined, w) {
				t.Fatalf("%q is not in %q", w, args)
			}
		}
		for _, fl := range flags {
			if fl.id == "" || !strings.Contains(joined, fl.value) {
				t.Fatalf("flag %+v of %q", fl, args)
			}
		}
	})
}
