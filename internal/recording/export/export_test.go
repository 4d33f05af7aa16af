package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/recording/export"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

var update = flag.Bool("update", false, "rewrite golden files")

// session returns a session on a simulated kernel that has run lines.
func session(t testing.TB, lines ...string) *ops.Session {
	t.Helper()
	s := ops.New()
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		return sim.Open(strings.TrimPrefix(name, "sim:"))
	}
	t.Cleanup(func() { s.Close() })
	run(t, s, "target sim:v6.12")
	for _, l := range lines {
		run(t, s, l)
	}
	return s
}

func run(t testing.TB, s *ops.Session, line string) ops.Result {
	t.Helper()
	words, err := ops.Split(line)
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, w := range words {
		args = append(args, w.Text)
	}
	res, err := s.Exec(context.Background(), args)
	if err != nil && !strings.HasPrefix(line, "explore") {
		t.Fatalf("%s: %v", line, err)
	}
	return res
}

// found is the trace of what explore finds in the built-in race.
func found(t testing.TB) string {
	file := filepath.Join(t.TempDir(), "race.trace")
	run(t, session(t), "explore -o "+file+" seed/builtin-race")
	return file
}

// typed is the trace of a session with a hold, waits, a flood and time.
func typed(t testing.TB) string {
	file := filepath.Join(t.TempDir(), "typed.trace")
	session(t, "record "+file, "policy kmod19", "hold W4 module=minix", "spawn A insmod minix", "continue", "spawn B request fs-minix",
		"spawn C insmod minix", "continue", "flood 3 ext4", "wait 2s", "release A", "continue", "record stop")
	return file
}

func exported(t testing.TB, file, format string, more ...string) string {
	t.Helper()
	res := run(t, session(t), strings.Join(append([]string{"export", file, "--format", format, "-o -"}, more...), " "))
	return res.(*ops.ExportedText).Text
}

// TestGoldens keeps what is exported as it was looked at: of a schedule that
// explore found, of a session on a simulated kernel, and of one on a real one,
// each kept as a trace in testdata.
func TestGoldens(t *testing.T) {
	for name, got := range map[string]string{
		"race.md": exported(t, "testdata/race.trace", "md"), "race.svg": exported(t, "testdata/race.trace", "svg"),
		"race.cast": exported(t, "testdata/race.trace", "cast"), "typed.md": exported(t, "testdata/typed.trace", "md"),
		"typed.svg": exported(t, "testdata/typed.trace", "svg", "--dark"), "typed.cast": exported(t, "testdata/typed.trace", "cast"),
		"race.sh": exported(t, "testdata/race.trace", "sh"), "typed.sh": exported(t, "testdata/typed.trace", "sh"),
		"vm.md": exported(t, "testdata/vm.trace", "md"), "vm.svg": exported(t, "testdata/vm.trace", "svg"),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s is another one; look at it and run: go test ./internal/recording/export -update\n%s", name, d)
		}
	}
}

// TestRealKernel: a trace of a real kernel, recorded verb by verb, has its
// requester and helper joined, and the states of its modules from events.
func TestRealKernel(t *testing.T) {
	f := checkPerfetto(t, []byte(exported(t, "testdata/vm.trace", "perfetto")))
	for _, name := range []string{"load --policy=verified ext4", "waits", "coming", "going", "H2 built-in check", "W4 parameters made"} {
		if !f.names[name] {
			t.Errorf("nothing is called %q", name)
		}
	}
	if len(f.flows) < 2 {
		t.Errorf("%d flows: the helper is not joined to its requester", len(f.flows))
	}
}

// TestReportIsForMail: no line over 72 columns, but what has to be copied, and
// nothing that is not plain text.
func TestReportIsForMail(t *testing.T) {
	for _, file := range []string{found(t), typed(t)} {
		text := exported(t, file, "md")
		for i, l := range strings.Split(text, "\n") {
			if utf8.RuneCountInString(l) > 72 && !strings.HasPrefix(l, "    kmodsh replay kmr") {
				t.Errorf("line %d has more than 72 columns: %s", i+1, l)
			}
			if strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("line %d is not plain ASCII: %q", i+1, l)
			}
		}
		word := regexp.MustCompile(`kmodsh replay (kmr1-\S+)`).FindStringSubmatch(text)
		if word == nil {
			t.Fatal("no token")
		}
		run(t, session(t), "replay "+word[1])
	}
}

// TestCastIsOne checks an asciicast against the format's own rules.
func TestCastIsOne(t *testing.T) {
	long := &recording.Recording{}
	for i := range 5000 {
		long.Events = append(long.Events, trace.Event{Seq: uint64(i + 1), Thread: trace.Thread{ID: string(rune('A' + i/7%9))}, Point: "L0"})
	}
	var b bytes.Buffer
	if err := export.Write(&b, "cast", export.Input{Recording: long}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{exported(t, found(t), "cast"), exported(t, typed(t), "cast"), b.String()} {
		d := json.NewDecoder(strings.NewReader(text))
		var head struct{ Version, Width, Height int }
		if err := d.Decode(&head); err != nil || head.Version != 2 || head.Width < 40 || head.Height < 10 {
			t.Fatalf("head: %v %+v", err, head)
		}
		last, n := 0.0, 0
		for ; ; n++ {
			var row [3]any
			if err := d.Decode(&row); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			at, _ := row[0].(float64)
			if _, ok := row[2].(string); !ok || row[1] != "o" || at < last {
				t.Fatalf("row %d: %v after %v", n, row, last)
			}
			last = at
			shown, _ := row[2].(string)
			if plain := regexp.MustCompile("\x1b\\[[0-9;]*m|\r\n").ReplaceAllString(shown, ""); utf8.RuneCountInString(plain) > head.Width {
				t.Errorf("a line that the terminal breaks: %s", plain)
			}
		}
		if n < 20 || last < 5 || last > 300 {
			t.Errorf("%d rows in %.1f s", n, last)
		}
	}
}

// hostile is a trace whose every text tries to get out of where it is put.
func hostile(t testing.TB) *recording.Recording {
	evil := "</script><script>alert(1)</script>\x1b[2J\"'`$(reboot)\n; reboot &amp; \u202e--> ]]>"
	var b bytes.Buffer
	w, err := recording.NewWriter(&b, recording.Header{Target: "sim:" + evil, Kernel: evil, Scenario: evil, Steps: true})
	if err != nil {
		t.Fatal(err)
	}
	th := trace.Thread{ID: evil, Comm: evil, PID: -7}
	w.Event(trace.Event{Seq: 1, Time: -5, Thread: th, Point: evil, Module: evil, State: trace.State(evil), Detail: evil, Name: evil, Ret: trace.Int(-1 << 63)})
	w.Event(trace.Event{Seq: 2, Time: 1 << 62, Thread: th, Point: "H6", Module: evil, Detail: evil})
	w.Event(trace.Event{Seq: 3, Time: -1 << 62, Point: "L0"})
	w.Snapshot(&kernel.Snapshot{
		Pos: 1, Threads: []kernel.ThreadState{{ID: evil, Comm: evil, Task: evil, Status: "blocked", Waits: evil, Verdict: kernel.Verdict(evil), Parent: evil}},
		Modules: []kernel.ModuleState{{Name: evil, State: trace.State(evil)}, {Name: evil}}, Permits: kernel.Permits{Used: -3, Max: 1},
	})
	w.Verb(recording.Verb{Line: evil, Text: evil, Time: -1})
	if err := w.Close(evil); err != nil {
		t.Fatal(err)
	}
	r, err := recording.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHostile exports a trace that was made to do harm.
func TestHostile(t *testing.T) {
	r := hostile(t)
	names, _, _ := export.Formats()
	for _, name := range names {
		var b bytes.Buffer
		in := export.Input{Recording: r, File: "$(reboot).trace", Token: "kmr1-x", Promise: "p</script>", Says: "s\n`reboot`"}
		if err := export.Write(&b, name, in); err != nil {
			if name != "sh" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		text := b.String()
		switch name {
		case "perfetto":
			checkPerfetto(t, b.Bytes())
			continue
		case "html":
			if n := strings.Count(text, "</script>"); n != 2 {
				t.Errorf("%d scripts end in the page, not 2", n)
			}
		case "svg":
			if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
				t.Errorf("the picture is no XML: %v", err)
			}
		}
		if strings.Contains(text, "\x1b[2J") {
			t.Errorf("%s lets an escape sequence through", name)
		}
	}
	var b bytes.Buffer
	if err := export.Write(&b, "pdf", export.Input{Recording: r}); err == nil {
		t.Error("a format that there is not")
	}
}
