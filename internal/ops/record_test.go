package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
)

// does runs lines that must be done.
func does(t *testing.T, s *ops.Session, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if err := tries(s, l); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
	}
}

func tries(s *ops.Session, line string) error {
	words, err := ops.Split(line)
	if err != nil {
		return err
	}
	var args []string
	for _, w := range words {
		args = append(args, w.Text)
	}
	_, err = s.Exec(context.Background(), args)
	return err
}

// seen is a snapshot as JSON without what a trace does not keep.
func seen(t *testing.T, d kernel.Debugger) string {
	t.Helper()
	s, err := d.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.Target, s.End = "", 0
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "null", "[]")
}

// TestRecordingEnds: a recording that ends with its session ends as it should, and
// says nothing; one whose target was left says so.
func TestRecordingEnds(t *testing.T) {
	for _, tc := range []struct{ then, ended string }{
		{"", ""},
		{"target sim:v6.1", "the session went to another target, sim:v6.1"},
	} {
		file := filepath.Join(t.TempDir(), "race.trace")
		s := simulated()
		does(t, s, "target sim:v6.12", "record "+file, "load ext4")
		if tc.then != "" {
			does(t, s, tc.then)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		rec, err := recording.ReadFile(file)
		if err != nil || rec.Missing != "" || rec.Ended != tc.ended || len(rec.Verbs) != 1 {
			t.Errorf("%q: %v, %+v", tc.then, err, rec)
		}
	}
}

// TestRecordedFlood: a verb that makes thousands of threads does not fill a trace,
// and who looks at it is told of all of them in a line.
func TestRecordedFlood(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flood.trace")
	s := simulated()
	defer s.Close()
	does(t, s, "target sim:v6.12", "record "+file, "flood 3000 fs-minix", "record stop")
	rec, err := recording.ReadFile(file)
	if err != nil || rec.Missing != "" || rec.Ended != "" || len(rec.End().Threads) != 3000 {
		t.Fatalf("%v, %q, %q", err, rec.Missing, rec.Ended)
	}
	res, err := s.Exec(context.Background(), []string{"open", file})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := ops.Write(&b, res, false, ops.Style{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\nthread"); n != 1 || !strings.Contains(b.String(), "3000 threads") {
		t.Errorf("%d lines of threads:\n%.1000s", n, b.String())
	}
}

// TestRecordedIsWhatWas: a session that steps, runs, goes back and takes another
// way is recorded; the trace has every position of what was kept as it was, and
// a replay does the same.
func TestRecordedIsWhatWas(t *testing.T) {
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "race.trace")
	s := simulated()
	defer s.Close()
	does(t, s, "target sim:v6.12", "load ext4", "record "+file, "policy kmod19", "hold W4 module=minix", "spawn A insmod minix", "mark start", "continue",
		"back 5", "step", "goto start", "step A", "spawn B request fs-minix", "continue", "goto end", "release A", "continue")
	if err := tries(s, "record "+file+"2"); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("two recordings at once: %v", err)
	}
	_ = tries(s, "load nosuch")
	does(t, s, "record stop")
	live := s.Target().(kernel.Debugger)
	trace, err := recording.Open(file)
	if err != nil || trace.Recording().Missing != "" {
		t.Fatal(err, trace.Recording().Missing)
	}
	_, end := live.Pos()
	if _, last := trace.Recording().Positions(); last != end {
		t.Fatalf("the trace has positions to %d, the run to %d", last, end)
	}
	for pos := range end + 1 {
		if err := live.Goto(ctx, pos); err != nil {
			t.Fatal(err)
		}
		if err := trace.Goto(ctx, pos); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(seen(t, live), seen(t, trace)); d != "" {
			t.Fatalf("position %d (-was +trace):\n%s", pos, d)
		}
	}
	verbs := trace.Recording().Verbs
	if last := verbs[len(verbs)-1]; last.Line != "load nosuch" || last.Exit != ops.ExitFailed || !strings.Contains(last.Text, "error:") {
		t.Errorf("the last verb: %+v", last)
	}
	other := simulated()
	defer other.Close()
	does(t, other, "replay "+file)
	if err := other.Target().(kernel.Debugger).Goto(ctx, end); err != nil {
		t.Error(err)
	}
	does(t, other, "open "+file, "expect done(\"A\")", "goto 3", "threads", "permits", "belief", "states", "events")
	for _, line := range []string{"step", "continue", "load ext4", "until done(\"A\")", "hold L17", "set umh=disabled"} {
		var no *kernel.UnsupportedError
		if err := tries(other, line); !errors.As(err, &no) || !strings.Contains(err.Error(), "nothing can be done in it") {
			t.Errorf("%s on a trace: %v", line, err)
		}
	}
}

// TestRecordPlainTarget records a target whose threads are not stepped.
func TestRecordPlainTarget(t *testing.T) {
	dir := t.TempDir()
	file, script := filepath.Join(dir, "vm.trace"), filepath.Join(dir, "session.txt")
	s := session(t)
	does(t, s, "load loop", "transcript "+script, "record "+file, "load ext4", "unload ext4")
	_ = tries(s, "load broken")
	does(t, s, "transcript stop")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	trace, err := recording.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	rec := trace.Recording()
	if rec.Steps || rec.Missing != "" || rec.Ended != "" || len(rec.Verbs) != 4 || len(rec.Events) == 0 {
		t.Errorf("%+v", rec)
	}
	list, err := trace.Modules(context.Background())
	if err != nil || len(list) == 0 {
		t.Errorf("modules at the end: %v, %v", list, err)
	}
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"> load ext4\n", "> unload ext4\n", "> load broken\n", "error: insert broken"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the transcript has no %q:\n%s", want, text)
		}
	}
	if bytes.Contains(text, []byte("transcript")) {
		t.Error("the transcript is about itself")
	}
	if err := tries(simulated(), "replay "+file); err == nil || !strings.Contains(err.Error(), "can be opened, and not repeated") {
		t.Errorf("replaying it: %v", err)
	}
}

// TestDiffTraces compares traces of two kernels.
func TestDiffTraces(t *testing.T) {
	dir := t.TempDir()
	record := func(name, target string) string {
		file := filepath.Join(dir, name)
		s := simulated()
		defer s.Close()
		does(t, s, "target "+target, "record "+file, "hold W4 module=minix", "spawn A insmod minix", "continue", "spawn B insmod minix", "continue",
			"release A", "continue", "record stop")
		return file
	}
	a, b, again := record("a", "sim:v6.1"), record("b", "sim:v6.12"), record("c", "sim:v6.12")
	does(t, simulated(), "diff "+b+" "+again)
	err := tries(simulated(), "diff "+a+" "+b)
	if ops.ExitCode(err) != ops.ExitFailed {
		t.Errorf("different traces: %v", err)
	}
	if err := tries(simulated(), "diff "+a+" nonesuch"); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("no such trace: %v", err)
	}
}
