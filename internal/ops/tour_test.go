package ops_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// typed runs a line as a person types it during a lesson.
func typed(t *testing.T, s *ops.Session, line string) (*ops.TourResult, error) {
	t.Helper()
	words, err := ops.Split(s.TourLine(line))
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, w := range words {
		args = append(args, w.Text)
	}
	res, err := s.Exec(context.Background(), args)
	r, _ := res.(*ops.TourResult)
	return r, err
}

// take goes through a lesson: each question is answered wrongly first, and each
// exercise is done as the model answer does it, or shown.
func take(t *testing.T, word string, show bool) *ops.TourResult {
	t.Helper()
	l, err := scenario.FindLesson(word)
	if err != nil {
		t.Fatal(err)
	}
	s := simulated()
	defer s.Close()
	r, err := typed(t, s, "tour "+word)
	for _, part := range l.Parts {
		if err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		switch part.Kind {
		case scenario.Question:
			if r.Question != part.Text {
				t.Fatalf("%s: it waits for %q, not for %q", word, r.Question, part.Text)
			}
			wrong := string(rune('a' + (part.Right[0]-'a'+1)%byte(len(part.Choices))))
			if r, err = typed(t, s, wrong); err != nil || *r.Correct {
				t.Fatalf("%s: the answer %s is wrong: %v", word, wrong, err)
			}
			if len(part.Hints) == 0 || r.Hint != part.Hints[0] {
				t.Errorf("%s: the first wrong answer to %q brings the hint %q, want the first of %q", word, part.Text, r.Hint, part.Hints)
			}
			if r, err = typed(t, s, wrong); err != nil || r.Hint != "" {
				t.Errorf("%s: the second wrong answer brings the hint %q: %v", word, r.Hint, err)
			}
			if r, err = typed(t, s, "hint"); err != nil || r.Hint != part.Hints[0] {
				t.Errorf("%s: the hint once more: %q, %v", word, r.Hint, err)
			}
			if r, err = typed(t, s, part.Right); r == nil || !*r.Correct {
				t.Fatalf("%s: the answer %s is right: %v", word, part.Right, err)
			}
		case scenario.Exercise:
			if r.Exercise != part.Text {
				t.Fatalf("%s: it waits for %q, not for %q", word, r.Exercise, part.Text)
			}
			if show {
				r, err = typed(t, s, "show")
				continue
			}
			if r, err = typed(t, s, "check"); err != nil || *r.Correct {
				t.Errorf("%s: %q is done before anything was done, or: %v", word, part.Text, err)
			}
			for range part.Hints {
				if r, err = typed(t, s, "hint"); err != nil || r.Hint == "" {
					t.Errorf("%s: no hint: %v", word, err)
				}
			}
			for i, line := range part.Answer {
				if _, err := typed(t, s, line); err != nil {
					t.Fatalf("%s: %s: %v", word, line, err)
				}
				if i == len(part.Answer)-1 || !slices.ContainsFunc(part.Answer[i+1:], moves) {
					continue // what is left only looks
				}
				if r, err := typed(t, s, "check"); err != nil || *r.Correct {
					t.Fatalf("%s: %q is done after %q already, or: %v", word, part.Text, line, err)
				}
			}
			r, err = typed(t, s, "check")
		case scenario.Pause:
			r, err = typed(t, s, "")
		}
	}
	if err != nil || !r.Done {
		t.Fatalf("%s: it has not ended: %v", word, err)
	}
	return r
}

// moves says whether a line of an answer does something, and not only looks.
func moves(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return !slices.Contains([]string{"states", "threads", "outcome", "expect", "resolve", "events", "belief"}, word)
}

// TestLessons takes every lesson of the tour, both ways.
func TestLessons(t *testing.T) {
	lessons, err := scenario.Lessons()
	if err != nil || len(lessons) < 12 {
		t.Fatalf("%d lessons: %v", len(lessons), err)
	}
	for _, l := range lessons {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			exercises := 0
			for _, p := range l.Parts {
				if p.Kind == scenario.Exercise {
					exercises++
				}
			}
			if l.Minutes < 5 || l.Minutes > 10 || len(l.Reading) == 0 || len(l.Real) == 0 || exercises == 0 {
				t.Errorf("%d minutes, %d things to read, %d commands for a real kernel, %d exercises", l.Minutes, len(l.Reading), len(l.Real), exercises)
			}
			if r := take(t, l.Name, false); r.Exercises != exercises || r.Right != 0 {
				t.Errorf("%d of %d exercises done, %d questions right at once", r.Exercises, exercises, r.Right)
			}
			take(t, l.Name, true)
			onMachine := false
			for _, line := range l.Real {
				if line.Kind == scenario.RealCommand {
					checkCommand(t, line.Text)
					onMachine = onMachine || strings.Contains(line.Text, "--on vm:")
				}
			}
			checkReading(t, l.Reading)
			if !onMachine {
				t.Error("nothing of its last part is on a real kernel")
			}
		})
	}
}

// kmodshInfo is what a reader is sent to within the program.
var kmodshInfo = regexp.MustCompile(`kmodsh (info|help) ([A-Za-z0-9]+)`)

// checkReading looks whether what a lesson sends its reader to in the program is
// there.
func checkReading(t *testing.T, reading []string) {
	t.Helper()
	s := simulated()
	defer s.Close()
	for _, line := range reading {
		for _, m := range kmodshInfo.FindAllStringSubmatch(line, -1) {
			if _, err := s.Exec(context.Background(), m[1:]); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		for _, w := range regexp.MustCompile(`(seed|wild|kselftest|vector)/[-a-z0-9*]+`).FindAllString(line, -1) {
			if _, err := scenario.Find(w); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}

// checkCommand looks whether a command that a lesson names is one.
func checkCommand(t *testing.T, command string) {
	t.Helper()
	line, _, _ := strings.Cut(command, " (")
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "kmodsh" {
		t.Fatalf("%q is no command of kmodsh", command)
	}
	on := ""
	if words = words[1:]; words[0] == "--on" {
		on, words = words[1], words[2:]
	}
	switch words[0] {
	case "shell":
	case "run":
		if words[1] == "--on" {
			on, words = words[2], words[2:]
		}
		for _, w := range words[1:] {
			found, err := scenario.Find(w)
			if err != nil || len(found[0].TargetsFor(on)) == 0 {
				t.Errorf("%q: %s: %v, or not for that target", command, w, err)
			}
		}
	case "tour":
		if l, err := scenario.FindLesson(words[1]); err != nil || len(l.TargetsFor(on)) == 0 {
			t.Errorf("%q: %v, or not for that target", command, err)
		}
	default:
		v, err := ops.Lookup(words[0])
		if i := slices.Index(words, "--on"); i > 0 {
			words = slices.Delete(slices.Clone(words), i, i+2) // of the program
		}
		if err == nil {
			err = v.Check(words[1:])
		}
		if err != nil {
			t.Errorf("%q: %v", command, err)
		}
	}
}

// TestLessonTemplate: what a new lesson begins with is one.
func TestLessonTemplate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.kmodsh")
	if err := os.WriteFile(file, []byte(scenario.LessonTemplate), 0o600); err != nil {
		t.Fatal(err)
	}
	take(t, file, false)
	s, err := scenario.Parse("template", scenario.LessonTemplate)
	if err != nil {
		t.Fatal(err)
	}
	if res := s.Run(context.Background(), simulated().OpenRunner, scenario.Options{}); res.Verdict != scenario.Passed {
		t.Errorf("%+v", res)
	}
}

// TestLessonReads: a lesson as text says what it waits for and how one answers.
func TestLessonReads(t *testing.T) {
	s := simulated()
	defer s.Close()
	r, err := typed(t, s, "tour 6")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := ops.Write(&b, r, false, ops.Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Lesson 6. The race that kmod up to 19 loses", "? The kernel makes the directory", "    a) ", "Step 1 of 4. Answer with a letter; hint helps, show tells which is right."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	for line, want := range map[string]string{"z": "there is no answer z: the last is", "tour check": "is for exercises", "tour nonesuch": "neither a lesson"} {
		if _, err := typed(t, s, line); ops.ExitCode(err) != ops.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if r, err := typed(t, s, ""); err != nil || r.Question == "" {
		t.Errorf("an empty line asks again: %v", err)
	}
	if _, err := typed(t, s, "states"); err != nil {
		t.Errorf("a verb in between: %v", err)
	}
	if r, err := typed(t, s, "tour stop"); err != nil || !r.Ended || s.TourWaits() != "" {
		t.Errorf("stopped: %v", err)
	}
}

// TestLessonUnsure: at a question, show tells the answer and goes on, as one that
// was not known; what is for exercises is said to be.
func TestLessonUnsure(t *testing.T) {
	s := simulated()
	defer s.Close()
	r, err := typed(t, s, "tour 1")
	if err != nil || r.Question == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := typed(t, s, "hint"); err != nil || r.Hint == "" || r.Answer != "" {
		t.Errorf("hint: %+v, %v", r, err)
	}
	for _, word := range []string{"check", "again"} {
		if _, err := typed(t, s, word); err == nil || !strings.Contains(err.Error(), word+" is for exercises, and this is a question") {
			t.Errorf("%s: %v", word, err)
		}
	}
	if _, err := typed(t, s, "z"); err == nil || !strings.Contains(err.Error(), "there is no answer z: the last is c") {
		t.Errorf("z: %v", err)
	}
	r, err = typed(t, s, "show")
	if err != nil || r.Answer != "a" || r.Question != "" || r.Exercise == "" {
		t.Errorf("show: %+v, %v", r, err)
	}
	r, err = typed(t, s, "stop") // a thread of the name is nothing: tour stop ends it
	if err == nil {
		t.Errorf("stop is a verb: %+v", r)
	}
	if r, err = typed(t, s, "tour stop"); err != nil || !r.Ended {
		t.Errorf("tour stop: %+v, %v", r, err)
	}
}
