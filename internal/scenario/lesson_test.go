package scenario

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const lessonHead = "# title: t\n# minutes: 5\n# targets: sim:v6.12\n\n"

func TestParseLesson(t *testing.T) {
	l, err := ParseLesson("x", lessonHead+`#: one
#: two
#:
#: three
load a
#? which?
#? a) this
#?    one
#? b) that
#= b
#: because
#-
#! do it
#! now
#! hint: h
#! answer: load b
#! answer: ! load c
#! check: state("b") == "live"
#! another
#! answer: load d
#! check: done("d")
#+ a book
#@ kmodsh load a
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{
		{Kind: Prose, Text: "one two\n\nthree"}, {Kind: Run, Line: Line{N: 9, Text: "load a"}},
		{Kind: Question, Text: "which?", Choices: []string{"a) this one", "b) that"}, Right: "b"},
		{Kind: Prose, Text: "because"}, {Kind: Pause},
		{Kind: Exercise, Text: "do it now", Hints: []string{"h"}, Answer: []string{"load b", "! load c"}, Check: `state("b") == "live"`},
		{Kind: Exercise, Text: "another", Answer: []string{"load d"}, Check: `done("d")`},
	}
	if d := cmp.Diff(want, l.Parts); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a book", "kmodsh load a"}, append(l.Reading, l.Real...)); d != "" {
		t.Error(d)
	}
	var lines []string
	for _, line := range l.Lines {
		lines = append(lines, line.String())
	}
	all := []string{"load a", "load b", "! load c", `expect state("b") == "live"`, "load d", `expect done("d")`}
	if d := cmp.Diff(all, lines); d != "" {
		t.Errorf("as a scenario:\n%s", d)
	}
}

func TestParseLessonWrong(t *testing.T) {
	const q = "#? q\n#? a) x\n#? b) y\n#= a\nload a\n"
	for _, tc := range []struct{ text, want string }{
		{"# title: t\n# targets: sim\n" + q, `a lesson needs a line "# minutes: N"`},
		{"# title: t\n# minutes: many\n# targets: sim\n" + q, "minutes is a number"},
		{lessonHead + "load a", "a lesson asks something"},
		{lessonHead + "#? q\n#? a) x\n#= a\nload a", "needs choices"},
		{lessonHead + "#? q\n#? a) x\n#? c) y\n#= a\nload a", "a), b), c) in order"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#= c\nload a", "the letter of the right one"},
		{lessonHead + "#= a\nload a", "of the question before it"},
		{lessonHead + q + "#! do\n#! check: x", "needs check: and answer:"},
		{lessonHead + q + "#! do\n#! answer: load b", "needs check: and answer:"},
		{lessonHead + q + "#! do\n#! check: x\n#! answer: load b", "comes before check:"},
		{lessonHead + q + "#! check: x", "after its text"},
		{lessonHead + q + "case b\nload c", "a lesson has no cases"},
	} {
		_, err := ParseLesson("x", tc.text)
		var wrong *SyntaxError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %s", tc.text, err, tc.want)
		}
	}
}

func FuzzParseLesson(f *testing.F) {
	f.Add(LessonTemplate)
	f.Add(lessonHead + "#?\n#? a)\n#=\n#!\n#! check:\n#-\n#:")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLesson("x", text)
		if err != nil {
			var wrong *SyntaxError
			if !errors.As(err, &wrong) {
				t.Fatalf("%v is no *SyntaxError", err)
			}
			return
		}
		for _, p := range l.Parts {
			if p.Kind == Question && (len(p.Choices) < 2 || len(p.Right) != 1) || p.Kind == Exercise && (p.Check == "" || len(p.Answer) == 0) {
				t.Fatalf("part %+v", p)
			}
		}
	})
}
