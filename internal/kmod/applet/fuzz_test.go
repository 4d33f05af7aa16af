package applet

import (
	"strings"
	"testing"
)

func FuzzOptions(f *testing.F) {
	f.Add(`-C etc/one.conf -q`)
	f.Add(` -C "a b" 'c d'e x"y z"`)
	f.Add(`"not closed`)
	f.Fuzz(func(t *testing.T, s string) {
		size := 0
		for _, w := range splitOptions(s) {
			size += len(w)
		}
		if size > len(s) {
			t.Fatalf("%d bytes of options from %d", size, len(s))
		}
		if !strings.ContainsAny(s, `"'`) && strings.Join(splitOptions(s), " ") != strings.TrimSuffix(s, " ") && s != "" && !strings.HasSuffix(s, "  ") {
			t.Fatalf("%q became %q", s, splitOptions(s))
		}
	})
}
