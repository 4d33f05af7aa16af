package kmod

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseConfig(t *testing.T) {
	text := `# comment
alias my-net* net-driver trailing words
 	blacklist  bad-one

options snd-hda-intel	model=auto  probe_mask=1
install foo /bin/echo a \
    b
al\ias escaped[a-b]-c d-e
softdep one pre: a-b  c post: d
softdep two  pre: unseen post: seen
softdep three   pre: seen
weakdep w x y
 # no comment, as it does not start the line
alias alone
options only-name
alias a]b c
include /etc/other
nonsense
remove last cmd`
	lines, bad := parsed([]byte(text))
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprintf("%s %s %s|%s| %q %q %q", l.Where(), l.Kind, l.Name, l.Value, l.Pre, l.Post, l.Weak))
	}
	want := []string{
		`F:2 alias my_net*|net_driver| [] [] []`,
		`F:3 blacklist bad_one|| [] [] []`,
		`F:5 options snd_hda_intel|model=auto  probe_mask=1| [] [] []`,
		`F:6 install foo|/bin/echo a     b| [] [] []`,
		`F:8 alias escaped[a-b]_c|d_e| [] [] []`,
		`F:9 softdep one|pre: a-b  c post: d| ["a-b" "c"] ["d"] []`,
		`F:10 softdep two| pre: unseen post: seen| [] ["seen"] []`,
		`F:11 softdep three|  pre: seen| ["seen"] [] []`,
		`F:12 weakdep w|x y| [] [] ["x" "y"]`,
		`F:19 remove last|cmd| [] [] []`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantBad := []string{
		`F:13: ignored: "#" is no command of modprobe.d(5)`,
		`F:14: ignored: alias alone without a module`,
		`F:15: ignored: options only-name without anything more`,
		`F:16: ignored: unmatched bracket in "a]b"`,
		`F:17: ignored: include is no longer a command of modprobe.d(5)`,
		`F:18: ignored: "nonsense" is no command of modprobe.d(5)`,
	}
	var gotBad []string
	for _, l := range bad {
		gotBad = append(gotBad, l.String())
	}
	if diff := cmp.Diff(wantBad, gotBad); diff != "" {
		t.Error(diff)
	}
}

func TestReadConfigOrder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	write("one/b.conf", "options m from=one-b\n")
	write("one/a.txt", "options m from=txt\n")
	write("one/.hidden.conf", "options m from=hidden\n")
	write("one/sub.conf/x.conf", "options m from=sub\n")
	write("two/b.conf", "options m from=two-b\n")
	write("two/a.conf", "options m from=two-a\n")
	single := write("aa.conf", "options m from=single\n")
	c, err := ReadConfig([]string{filepath.Join(dir, "one"), filepath.Join(dir, "none"), filepath.Join(dir, "two"), single}, "m.from=cmdline modprobe.blacklist=a-b")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for l := range c.Lines() {
		got = append(got, strings.TrimPrefix(l.Where(), dir+"/")+" "+l.Name+" "+l.Value)
	}
	want := []string{
		"two/a.conf:1 m from=two-a", "aa.conf:1 m from=single", "one/b.conf:1 m from=one-b",
		"/proc/cmdline m from=cmdline", "/proc/cmdline a-b ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	warnings := strings.Join(c.Warnings(), "\n")
	for _, w := range []string{"one/sub.conf: a directory", "/none: no such file", "two/b.conf: not read, shadowed by", "one/b.conf", "write underscores"} {
		if !strings.Contains(warnings, w) {
			t.Errorf("warnings lack %q:\n%s", w, warnings)
		}
	}
}

// parsed is what a file F with that content says.
func parsed(b []byte) (lines []ConfigLine, bad []badLine) {
	f := configFile{base: "F", path: "F"}
	f.parse(b)
	return slices.Collect((&Config{files: []configFile{f}}).Lines()), f.badLines()
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("alias a-* b\nsoftdep c pre: d post: e\\\n f\n# x\ninstall g h"))
	f.Add([]byte("\\"))
	f.Add([]byte("options a \x00\nblacklist [a-]b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, bad := parsed(b)
		if len(lines) > len(b)/shortestEntry+1 {
			t.Errorf("%d entries in %d bytes", len(lines), len(b))
		}
		if physical := strings.Count(string(b), "\n") + 1; len(lines)+len(bad) > physical {
			t.Errorf("%d entries and %d complaints from %d lines", len(lines), len(bad), physical)
		}
		for _, l := range lines {
			if l.Name == "" || l.Line < 1 {
				t.Errorf("%+v", l)
			}
		}
	})
}
