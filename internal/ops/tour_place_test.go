package ops_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// reader is a session of somebody whose places are kept in a file.
func reader(t *testing.T, file string) *ops.Session {
	t.Helper()
	s := simulated()
	s.LessonsFile = file
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// lines types lines, none of which may fail, and returns the last result.
func lines(t *testing.T, s *ops.Session, typedLines ...string) *ops.TourResult {
	t.Helper()
	var last *ops.TourResult
	for _, l := range typedLines {
		r, err := typed(t, s, l)
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		if r != nil {
			last = r
		}
	}
	return last
}

// TestLessonLeft: a lesson that was left goes on where that was, in another run,
// with the threads and modules as they were there; or anew; or at another step.
func TestLessonLeft(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "lessons.json")
	s := reader(t, file)
	lines(t, s, "tour 8")
	if left := s.LessonLeft(); left != "" {
		t.Errorf("at its first step there is nothing to go on with: %s", left)
	}
	r := lines(t, s, "b", "a", "b")
	if r.Exercise == "" || r.Step != 3 || r.Steps != 4 {
		t.Fatalf("%+v", r)
	}
	if left := s.LessonLeft(); left != "The lesson is left at step 3 of 4: kmodsh tour 8 goes on there." {
		t.Error(left)
	}

	s = reader(t, file) // the program was ended, or has crashed
	r = lines(t, s, "tour zero")
	if r.Offer != 3 || len(r.Texts) != 0 || s.TourWaits() != "Enter goes on" {
		t.Fatalf("it is not offered to go on: %+v, %s", r, s.TourWaits())
	}
	for _, word := range []string{"a", "check", "show"} {
		if _, err := typed(t, s, word); ops.ExitCode(err) != ops.ExitUsage || !strings.Contains(err.Error(), "tour 8 --restart begins anew") {
			t.Errorf("%s before it was gone on: %v", word, err)
		}
	}
	r = lines(t, s, "")
	if r.From != 3 || r.Exercise == "" || r.Step != 3 || len(r.Texts) == 0 {
		t.Fatalf("gone on: %+v", r)
	}
	lines(t, s, `expect result("M") == -ENODEV and exists("B")`) // of the lines before the step
	r = lines(t, s, "show", "c")
	if !r.Done || r.Asked != 3 || r.Right != 2 {
		t.Errorf("at the end: %+v", r)
	}
	if r = lines(t, reader(t, file), "tour 8"); r.Offer != 0 || r.Question == "" {
		t.Errorf("one that was ended begins anew: %+v", r)
	}

	s = reader(t, file)
	lines(t, s, "tour 8", "a")
	if r = lines(t, s, "tour 8 --restart"); r.Offer != 0 || r.Step != 1 {
		t.Errorf("anew: %+v", r)
	}
	if r = lines(t, s, "tour 8 --from 4"); r.Step != 4 || r.Question == "" {
		t.Errorf("from step 4: %+v", r)
	}
	lines(t, s, `expect result("E") == 0 and modprobe == ""`) // the exercise before was done
	for _, bad := range []string{"tour 8 --from 5", "tour 8 --from -1", "tour 8 --from 2 --restart", "tour --from x"} {
		if _, err := typed(t, s, bad); ops.ExitCode(err) != ops.ExitUsage {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if r = lines(t, s, "tour stop"); !strings.Contains(r.Left, "step 4 of 4") {
		t.Errorf("stopped: %+v", r)
	}
	if _, err := typed(t, s, "tour --restart"); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("no lesson is under way: %v", err)
	}
}

// TestLessonLeftFile: what the file of places says is not trusted, and one that
// cannot be used is no reason to fail.
func TestLessonLeftFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lessons.json")
	s := reader(t, file)
	lines(t, s, "tour 8", "a")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := lines(t, reader(t, file), "tour 8"); r.Offer != 2 {
		t.Fatalf("%+v of %s", r, good)
	}
	edit := func(from, to string) string { return strings.Replace(string(good), from, to, 1) }
	for name, text := range map[string]string{
		"empty":              "",
		"cut off":            string(good[:len(good)/2]),
		"not JSON":           "\x00\x1b[2J",
		"another version":    edit(`"version":1`, `"version":2`),
		"a step too far":     edit(`"step":2`, `"step":99`),
		"a step before all":  edit(`"step":2`, `"step":-3`),
		"another text":       edit(`"text":"`, `"text":"0`),
		"wrong counts":       edit(`"right":1`, `"right":7`),
		"no lessons":         `{"version":1,"lessons":null}`,
		"another type":       `{"version":1,"lessons":[1,2]}`,
		"longer than a file": `{"version":1,"lessons":{"` + strings.Repeat("a", 300<<10) + `":{}}}`,
	} {
		if text == string(good) {
			t.Errorf("%s: nothing was edited", name)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := reader(t, file)
		if r := lines(t, s, "tour 8"); r.Offer != 0 || r.Step != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		lines(t, s, "a") // writes over it
		if r := lines(t, reader(t, file), "tour 8"); r.Offer != 2 {
			t.Errorf("%s: not written over: %+v", name, r)
		}
	}
	if r := lines(t, reader(t, dir), "tour 8", "a"); r.Step != 2 {
		t.Errorf("a directory for a file: %+v", r)
	}
	if r := lines(t, reader(t, "/proc/nonesuch/lessons.json"), "tour 8", "a"); r.Step != 2 {
		t.Errorf("where nothing can be written: %+v", r)
	}
}

// TestLessonWandered: a reader who goes elsewhere in an exercise comes back by
// again and by show, and a line of the lesson that fails for what was done
// before is done once more as the lesson expects it.
func TestLessonWandered(t *testing.T) {
	for _, wander := range [][]string{
		{"restart"}, {"target sim:v4.9"}, {"back 5", "spawn Z insmod xfs", "step Z"}, {"goto 0", "load xfs"}, {"restart", "hold W4 module=minix"},
	} {
		for _, word := range []string{"again", "show"} {
			s := reader(t, "")
			lines(t, s, "tour 6", "c")
			lines(t, s, wander...)
			r := lines(t, s, word)
			if word == "again" {
				lines(t, s, `expect at("A") == "W4" and not exists("Z") and policy == "kmod19"`)
			} else if r.Question == "" || r.Step != 3 {
				t.Errorf("%v, then show: %+v", wander, r)
			}
		}
	}
	// Lesson 5 spawns C behind the question; a reader did so before.
	s := reader(t, "")
	lines(t, s, "tour 5", "spawn C load xfs")
	r, err := typed(t, s, "b")
	if err != nil || r.Step != 2 || r.Question == "" || !r.Mended {
		t.Fatalf("%+v, %v", r, err)
	}
	var b bytes.Buffer
	if err := ops.Write(&b, r, false, ops.Style{}); err != nil || !strings.Contains(b.String(), "stood in the way") {
		t.Errorf("%v\n%s", err, &b)
	}
	// A line that fails whatever the reader does is the lesson's fault.
	file := filepath.Join(t.TempDir(), "mine.kmodsh")
	text := "# title: t\n# minutes: 5\n# targets: sim:v6.12\n\n#? q\n#? a) x\n#? b) y\n#= a\nexpect state(\"minix\") == \"live\"\nload minix\n#-\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s = reader(t, "")
	lines(t, s, "tour "+file)
	if _, err = typed(t, s, "a"); err == nil || !strings.Contains(err.Error(), "mine.kmodsh:9: ") {
		t.Errorf("%v", err)
	}
	if r := lines(t, s, ""); !r.Pause {
		t.Errorf("Enter does not go on behind it: %+v", r)
	}
}
