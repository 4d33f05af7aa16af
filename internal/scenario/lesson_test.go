package scenario

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const lessonHead = "# title: t\n# minutes: 5\n# targets: sim:v6.12\n\n"

func TestParseLesson(t *testing.T) {
	l, err := parseLesson("x", lessonHead+`#: one
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
#@ kmodsh --on vm:6.12 shell
#@ > load a
#@ It is
#@ live.
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{
		{N: 5, Kind: Prose, Text: "one two\n\nthree"}, {N: 9, Kind: Run, Line: Line{N: 9, Text: "load a"}},
		{N: 10, Kind: Question, Text: "which?", Choices: []string{"a) this one", "b) that"}, Right: "b"},
		{N: 15, Kind: Prose, Text: "because"}, {N: 16, Kind: Pause},
		{N: 17, Kind: Exercise, Text: "do it now", Hints: []string{"h"}, Answer: []string{"load b", "! load c"}, Check: `state("b") == "live"`},
		{N: 23, Kind: Exercise, Text: "another", Answer: []string{"load d"}, Check: `done("d")`},
	}
	if d := cmp.Diff(want, l.Parts); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a book"}, l.Reading); d != "" {
		t.Error(d)
	}
	realKernel := []RealLine{{27, RealCommand, "kmodsh --on vm:6.12 shell"}, {28, RealTyped, "load a"}, {29, RealWords, "It is live."}}
	if d := cmp.Diff(realKernel, l.Real); d != "" {
		t.Error(d)
	}
	if s, err := parseLesson("x", lessonHead+"[vm:*] skip there is none\n#? q\n#? a) x\n#? b) y\n#= a\nload a\n"); err != nil || len(s.Parts) != 2 {
		t.Errorf("a line that skips is no part: %+v, %v", s, err)
	} else if why, skips := s.SkipsAll("vm:6.12"); !skips || why != "there is none" {
		t.Errorf("%v %s", skips, why)
	} else if _, skips := s.SkipsAll("sim:v6.12"); skips {
		t.Error("skipped on sim")
	}
	if d := cmp.Diff([]int{2, 4, 5, 6}, l.Steps()); d != "" {
		t.Errorf("steps: %s", d)
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
	const ex = lessonHead + q // its next line is 10
	for _, tc := range []struct{ text, want string }{
		// The header.
		{"# title: t\n# targets: sim\n" + q, `x:1: a lesson needs a line "# minutes: N"`},
		{"# title: t\n# minuts: 5\n# targets: sim\n" + q, `x:2: the header knows no "minuts": did you mean minutes?`},
		{"# title: t\n# minutes: many\n# targets: sim\n" + q, "x:2: minutes is a number"},
		{"# title: t\n# minutes: 5\n# minutes: 6\n# targets: sim\n" + q, "x:3: there is a minutes already, at line 2"},
		{ex + "# minutes: 6", "x:10: minutes belongs in the header"},
		// Marks that are none.
		{ex + "#* prose", "x:10: #* is no mark of a lesson"},
		{ex + "#; prose", "x:10: #; is no mark of a lesson"},
		{ex + "#- prose", "x:10: #- is a pause and has no text"},
		{ex + "#+", "x:10: #+ needs what to read"},
		{ex + "#@", "x:10: #@ needs a command"},
		{ex + "#@ >", "x:10: #@ needs a command"},
		{ex + "#@ > load a", "x:10: a verb to type comes after the command"},
		{ex + "case b\nload c", "x:10: a lesson has no cases"},
		// Questions.
		{lessonHead + "load a", "x:1: a lesson asks something"},
		{lessonHead + "#? q\n#? a) x\n#= a\nload a", "x:7: the question at line 5 needs choices"},
		{lessonHead + "#? q\n#? a. x\n#? b. x\nload a", "x:5: the question \"q a. x b. x\" needs choices"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\nload a", "x:5: the question \"q\" needs #="},
		{lessonHead + "#? q\n#? a) x\n#? c) y\n#= a\nload a", "x:7: the choices are a), b), c) in order: this one is b)"},
		{lessonHead + "#? q\n#? A) x\n#? B) y\n#= a\nload a", "x:6: the choices are a), b), c) in order: this one is a)"},
		{lessonHead + "#? q\n#? a) x\n#? b)\n#= a\nload a", "x:7: the choice b) has no text"},
		{lessonHead + "#? q\n#? a) x\n#?\n#= a\nload a", "x:7: #? with nothing behind it"},
		{lessonHead + "#? a) x\n#? b) y\n#= a\nload a", "x:5: a choice comes after the text of its question"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#? r\n#? a) x\n#? b) y\n#= a\nload a", "x:9: a second choice a): is the #= of the question at line 5 missing?"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#= c\nload a", "x:8: #= is the letter of the right one, a to b"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#= B\nload a", "x:8: #= is the letter of the right one, a to b"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#= b because\nload a", "x:8: #= is the letter of the right one, a to b, and nothing else"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#=\nload a", "x:8: #= is the letter"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#= a\n#= b\nload a", "x:9: the question at line 5 has its #= already"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#? hnit: h\n#= a\nload a", `x:8: a question knows no "hnit:": did you mean hint:?`},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#? hint:\n#= a\nload a", "x:8: hint: has nothing behind it"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#? hint: h\n#? more\n#= a\nload a", "x:9: after a hint of the question at line 5 comes another"},
		{lessonHead + "#? q\n#? a) x\n#? b) y\n#? hint: h\n#? c) z\n#= a\nload a", "x:9: the choice c) after a hint"},
		{lessonHead + "#= a\nload a", "x:5: #= tells the right answer of the question before it"},
		// Exercises.
		{ex + "#! do\n#! anser: load b\n#! check: x", `x:11: an exercise knows no "anser:": did you mean answer:?`},
		{ex + "#! do\n#! Answer: load b\n#! check: x", `x:11: an exercise knows no "Answer:": did you mean answer:?`},
		{ex + "#! do\n#! hnit: h\n#! answer: load b\n#! check: x", `x:11: an exercise knows no "hnit:": did you mean hint:?`},
		{ex + "#! do\n#! answer: load b\n#! chekc: x", `x:12: an exercise knows no "chekc:": did you mean check:?`},
		{ex + "#! do\n#! answer load b\n#! check: x", "x:11: the exercise \"do answer load b\" needs answer: with a verb, the model answer: is a colon missing behind answer?"},
		{ex + "#! do\n#! check: x", "x:10: the exercise \"do\" needs answer:"},
		{ex + "#! do\n#! answer: load b", "x:10: the exercise \"do\" needs check:"},
		{ex + "#! do\n#! answer: load b\n#! and this\n#! check: x", "x:12: text after hint: or answer: of the exercise at line 10"},
		{ex + "#! do\n#! answer: load b\n#! check: x\n#! answer: load b", "x:13: answer: after the check: of the exercise at line 10"},
		{ex + "#! do\n#! answer: load b\n#! check: x\n#! check: y", "x:13: check: after the check: of the exercise at line 10"},
		{ex + "#! do\n#! answer: load b\n#! check: x\n#! hint: y", "x:13: hint: after the check: of the exercise at line 10"},
		{ex + "#! check: x", "x:10: check: comes after the text of its exercise"},
		{ex + "#! answer: load b\n#! check: x", "x:10: answer: comes after the text of its exercise"},
		{ex + "#! hint: h", "x:10: hint: comes after the text of its exercise"},
		{ex + "#! do\n#! hint:\n#! answer: load b\n#! check: x", "x:11: hint: has nothing behind it"},
		{ex + "#! do\n#! answer:\n#! check: x", "x:11: answer: has nothing behind it"},
		{ex + "#! do\n#! answer: load b\n#! check:", "x:12: check: has nothing behind it"},
		{ex + "#!", "x:10: #! needs what is to be done"},
	} {
		_, err := parseLesson("x", tc.text)
		var wrong *SyntaxError
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %s...", tc.text, err, tc.want)
		}
	}
}

func FuzzParseLesson(f *testing.F) {
	f.Add(LessonTemplate)
	f.Add(lessonHead + "#?\n#? a)\n#=\n#!\n#! check:\n#-\n#:")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLesson("x", text)
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
