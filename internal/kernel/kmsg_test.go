package kernel

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseKmsg(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want LogRecord
		line string
	}{
		{
			"4,1234,5678901,-;ext4: unknown parameter 'x' ignored\n",
			LogRecord{1234, 5678901 * time.Microsecond, 4, "ext4: unknown parameter 'x' ignored"},
			"[    5.678901] ext4: unknown parameter 'x' ignored",
		},
		{
			"30,0,0,-,caller=T1;a; b\n SUBSYSTEM=net\n DEVICE=+x\n",
			LogRecord{0, 0, 6, "a; b"}, "[    0.000000] a; b",
		},
		{"6,1,90061000001,c;\x1b[2J", LogRecord{1, 90061000001 * time.Microsecond, 6, "?[2J"}, "[90061.000001] ?[2J"},
	} {
		got, err := ParseKmsg([]byte(tc.in))
		if err != nil {
			t.Errorf("%q: %v", tc.in, err)
			continue
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%q:\n%s", tc.in, d)
		}
		if got.String() != tc.line {
			t.Errorf("%q shows as %q, want %q", tc.in, got, tc.line)
		}
	}
	for _, in := range []string{"", ";", "1,2;x", "1,2,x;y", "-1,2,3,-;x", "1,2,3,-", "99999999999999999999,1,1,-;x"} {
		if r, err := ParseKmsg([]byte(in)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %+v, %v; want damaged", in, r, err)
		}
	}
}

func FuzzParseKmsg(f *testing.F) {
	f.Add([]byte("4,1234,5678901,-;text\n KEY=value\n"))
	f.Add([]byte("6,1,9223372036854775807,c;\x1b[2J"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := ParseKmsg(in)
		if err != nil {
			return
		}
		if r.Level < 0 || r.Level > 7 || r.Time < 0 {
			t.Fatalf("%+v", r)
		}
		if s := r.String(); strings.ContainsAny(s, "\n\x1b\x00") {
			t.Fatalf("%q", s)
		}
	})
}

// TestLogLines: a record of several lines, as lockdep writes them, is as many
// lines with its time.
func TestLogLines(t *testing.T) {
	for text, want := range map[string][]string{
		`a \x5cx0a backslash`:                     {`[    3.000007] a \x5cx0a backslash`},
		`\x0abut task is already holding lock:`:   {"[    3.000007] but task is already holding lock:"},
		`\x0a *** DEADLOCK ***\x0a`:               {"[    3.000007]  *** DEADLOCK ***"},
		`\x0a-> #1 (second){+.+.}:\x0a  and more`: {"[    3.000007] -> #1 (second){+.+.}:", "[    3.000007]   and more"},
		"plain": {"[    3.000007] plain"},
		"":      {"[    3.000007] "},
		`\x0a`:  nil,
	} {
		r, err := ParseKmsg([]byte("4,77,3000007,-;" + text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Lines(); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
