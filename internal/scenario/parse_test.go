package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = "# title: t\n# targets: sim:v6.12\n"

func TestParse(t *testing.T) {
	got, err := Parse("x", `# title: one
#   title
# A comment is not a part of the title.
# shows: what
# targets: sim:v6.1 sim:v6.12
# targets: vm:6.12
# promise: nobody-waits-forever
# promise: permits.used <= 50

# a comment: no longer the header
policy kmod19   # stays with the line
case a
! load nosuch
[sim:v4.9 vm:*] ! expect x == "# y"
[!sim:v4.9] case b
 load minix
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Scenario{
		Name: "x", Title: "one title", Shows: "what", Targets: []string{"sim:v6.1", "sim:v6.12", "vm:6.12"},
		Promises: []string{"nobody-waits-forever", "permits.used <= 50"},
		Lines:    []Line{{N: 11, Text: "policy kmod19   # stays with the line"}},
		Cases: []Case{
			{N: 12, Name: "a", Lines: []Line{{N: 13, Fails: true, Text: "load nosuch"}, {N: 14, Only: []string{"sim:v4.9", "vm:*"}, Fails: true, Text: `expect x == "# y"`}}},
			{N: 15, Name: "b", Only: []string{"!sim:v4.9"}, Lines: []Line{{N: 16, Text: "load minix"}}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseWrong(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"load minix", `x:1: the header needs a line "# title: ..."`},
		{"# title: t\nload minix", `x:1: the header needs a line "# targets:`},
		{head, "x:3: no line does anything"},
		{head + "case a\nload b\ncase c", `x:5: the case "c" has no line`},
		{head + "case a\nload b\ncase a\nload b", `x:5: there is a case "a" already`},
		{head + "case", "x:3: case needs a name"},
		{head + "case a # SKIP", "x:3: case needs a name"},
		{head + "! case a", "x:3: a case cannot be expected to fail"},
		{head + "[sim", "x:3: [ begins a list"},
		{head + "[]load a", "x:3: [ begins a list"},
		{head + "[a[]load a", `x:3: "a[" is no pattern`},
		{head + "[a] # b", "x:3: a verb is missing"},
		{head + "!", "x:3: a verb is missing"},
		{head + "! ! load a", "x:3: a verb is missing"},
		{"# title: t\n# targets: vn:6.12\nload a", `x:2: "vn:6.12" is no target`},
		{"# title: t # SKIP\n# targets: sim:v6.1\nload a", "x:1: the header needs a line"},
		{"# titel: t\n" + head + "load a", `x:1: the header knows no "titel": did you mean title?`},
		{"# Title: t\n" + head + "load a", `x:1: the header knows no "Title": did you mean title?`},
		{"# tragets: sim\n" + head + "load a", `x:1: the header knows no "tragets": did you mean targets?`},
		{head + "# title: u\nload a", "x:3: there is a title already, at line 1;"},
		{head + "# shows:\nload a", "x:3: shows has nothing behind it"},
		{head + "load a\n# promise: b", "x:4: promise belongs in the header"},
		{"# title: t\n\n# targets: sim\nload a", "x:3: targets belongs in the header"},
		{head + "load \x1b[2J", "x:3: a control character"},
		{head + "load \xff", "x: longer than"},
		{head + strings.Repeat("\n", maxLines), fmt.Sprintf("x:%d: more than", maxLines+1)},
		{head + "load " + strings.Repeat("a", maxLine), "x:3: more than"},
		{strings.Repeat("a", maxText+1), "x: longer than"},
	} {
		_, err := Parse("x", tc.text)
		var wrong *SyntaxError
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%.40q: %v, want %s...", tc.text, err, tc.want)
		}
	}
}

func TestFor(t *testing.T) {
	for _, tc := range []struct {
		only   string
		target string
		want   bool
	}{
		{"", "sim:v6.12", true},
		{"sim:v6.12", "sim:v6.12", true},
		{"sim:v6.12", "sim:v6.12,kmod-max=2", true},
		{"sim:v6.1", "sim:v6.12", false},
		{"sim:v6.*", "sim:v6.12", true},
		{"vm:* sim:v4.*", "sim:v4.9", true},
		{"!sim:v4.9", "sim:v6.12", true},
		{"!sim:v4.9", "sim:v4.9", false},
		{"sim:* !sim:v4.9", "sim:v4.9", false},
		{"sim:* !sim:v4.9", "vm:6.12", false},
		{"sim:v6.12", "vm:6.12", true},
		{"sim:v6.*", "vm:6.1.0-56-amd64", true},
		{"sim:v6.1", "vm:6.12", false},
		{"!sim:v6.12", "vm:6.12", false},
		{"!vm:*", "vm:6.12", false},
		{"sim:v6.*", "vm:mainline", false},
		{"*kmod-max=2", "sim:v6.12,kmod-max=2", true},
	} {
		if got := For(strings.Fields(tc.only), tc.target); got != tc.want {
			t.Errorf("[%s] for %s: %v", tc.only, tc.target, got)
		}
	}
}

func TestTargetsFor(t *testing.T) {
	s := &Scenario{Targets: []string{"sim:v6.1", "sim:v6.12", "vm:6.12"}}
	for on, want := range map[string]string{
		"": "[sim:v6.1 sim:v6.12]", "sim": "[sim:v6.1 sim:v6.12]", "vm": "[vm:6.12]", "host": "[]",
		"sim:v6.12": "[sim:v6.12]", "sim:v6.12,kmod-max=2": "[sim:v6.12,kmod-max=2]", "sim:v4.9": "[]",
		"vm:6.1": "[vm:6.1]", "vm:6.12": "[vm:6.12]", "vm:6.6": "[]", "vm:6.1.0-56-amd64": "[vm:6.1.0-56-amd64]",
	} {
		if got := fmt.Sprint(s.TargetsFor(on)); got != want {
			t.Errorf("on %q: %s, want %s", on, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.kmodsh")
	if err := os.WriteFile(file, []byte(head+"load minix\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]int{"seed/builtin-race": 1, "vector/*": len(globbed(t, "vector/")), file: 1} {
		list, err := Find(word)
		if err != nil || len(list) != want {
			t.Errorf("%s: %d scenarios, %v; want %d", word, len(list), err, want)
		}
	}
	for _, word := range []string{"seed/nonesuch", "seed/[", "nothing*", "", "../../../etc", filepath.Dir(file)} {
		if list, err := Find(word); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %d scenarios, %v", word, len(list), err)
		}
	}
}

func globbed(t *testing.T, prefix string) (names []string) {
	t.Helper()
	for _, n := range Names() {
		if strings.HasPrefix(n, prefix) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no scenario below %s", prefix)
	}
	return names
}

func FuzzParse(f *testing.F) {
	f.Add(Template)
	for _, name := range Names() {
		text, err := Text(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add("[!*]!case\x00")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x", text)
		if err != nil {
			var wrong *SyntaxError
			if !errors.As(err, &wrong) {
				t.Fatalf("%v is no *SyntaxError", err)
			}
			return
		}
		for _, c := range s.Cases {
			For(c.Only, "sim:v6.12")
			if c.Name == "" || strings.ContainsAny(c.Name, "#\n") || len(c.Lines) == 0 {
				t.Fatalf("case %+v", c)
			}
		}
		for _, l := range s.Lines {
			if again, err := Parse("x", head+l.String()); err != nil || len(again.Lines)+len(again.Cases) == 0 {
				t.Fatalf("%q cannot be read again: %v", l.String(), err)
			}
		}
	})
}
