package kmod

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParseCmdline has what "modprobe -c" of kmod 30 printed with each of
// these kernel command lines mounted over /proc/cmdline.
func TestParseCmdline(t *testing.T) {
	for _, tt := range []struct{ cmdline, want string }{
		{"quiet psmouse.foo=1 snd-hda.bar=x\n", "options psmouse foo=1|options snd_hda bar=x"},
		{"modprobe.blacklist=snd-hda,foo", "blacklist snd-hda|blacklist foo"},
		{"modprobe.blacklist=", "blacklist"},
		{"a.b.c=1 d.e", "options d e"},
		{`"psmouse.foo=1 2 3" x.y=2`, `options psmouse foo="1 2 3"|options x y=2`},
		{`psmouse.foo="1 2" z.z=1`, `options psmouse foo="1 2"|options z z=1`},
		{`psmouse.foo="1 2`, ""},
		{`"psm ouse.foo=1"`, ""},
		{`ps"mouse.foo=1 x.y=1`, ""},
		{`x.y=1"a b"c z.a=1`, `options x y=1"a b"c|options z a=1`},
		{"root=UUID=1.2 init=/a.b=c", ""},
		{`"x.y" "x.z=1"`, `options x z="1"`},
		{`x.y=1=2 .foo=1 a.=1 x.y="1=2"`, `options x y=1=2|options  foo=1|options a =1|options x y="1=2"`},
		{`modprobe.blacklist="a b",c`, `blacklist "a b"|blacklist c`},
		{"a[b-c].d-e=1", "options a[b-c] d-e=1"},
		{"a.b=1\tb.c=2\nd.e=3", "options a b=1|options b c=2|options d e=3"},
	} {
		var got []string
		for _, l := range fromCmdline(tt.cmdline) {
			s := string(l.Kind) + " " + l.Name
			if l.Kind == ConfigOptions {
				s += " " + l.Value
			}
			got = append(got, strings.TrimRight(s, " "))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q: %s", tt.cmdline, diff)
		}
	}
}

func fromCmdline(s string) []ConfigLine {
	lines, _ := parseCmdline(s)
	return lines
}

func FuzzCmdline(f *testing.F) {
	f.Add(`quiet a.b="c d" "e.f=g h" modprobe.blacklist=x,y`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range fromCmdline(s) {
			if l.Kind == ConfigOptions && strings.Count(l.Value, `"`)%2 != 0 {
				t.Errorf("%q: unmatched quote in %q", s, l.Value)
			}
		}
	})
}
