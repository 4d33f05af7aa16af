package scenario

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/wording"
)

// The words that begin what belongs to an exercise, a colon behind each.
var exerciseWords = []string{hintWord, "answer", "check"}

// hintWord begins a hint: of an exercise, and of a question.
const hintWord = "hint"

// lessonLine returns the line of a scenario that a lesson's comment stands for:
// a step of a model answer, or what an exercise checks.
func lessonLine(line string) (text string, ok bool) {
	rest, ok := strings.CutPrefix(line, markExercise)
	if !ok {
		return "", false
	}
	word, text, _ := strings.Cut(strings.TrimSpace(rest), " ")
	text = strings.TrimSpace(text)
	switch {
	case word == "answer:" && text != "":
		return text, true
	case word == "check:" && text != "":
		return "expect " + text, true
	}
	return "", false
}

// exercise reads a line of an exercise.
func (p *lessonParser) exercise(n int, text string) error {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	e := p.last(Exercise)
	name, colon := strings.CutSuffix(word, ":")
	if !colon || !slices.Contains(exerciseWords, name) {
		if meant := wording.Meant(name, exerciseWords); colon && meant != "" {
			return p.wrong(n, "an exercise knows no %q: did you mean %s:?", word, meant)
		}
		return p.exerciseText(n, text)
	}
	switch {
	case e == nil || e.Text == "":
		return p.wrong(n, "%s: comes after the text of its exercise: #! what to do", name)
	case e.Check != "":
		return p.wrong(n, "%s: after the check: of the exercise at line %d: check: is its last line, and a new exercise begins with its text", name, e.N)
	case rest == "":
		return p.wrong(n, "%s: has nothing behind it", name)
	}
	switch name {
	case hintWord:
		e.Hints = append(e.Hints, rest)
	case "answer":
		e.Answer = append(e.Answer, rest)
	case "check":
		e.Check = rest
	}
	return nil
}

// exerciseText reads a line of what is to be done.
func (p *lessonParser) exerciseText(n int, text string) error {
	e := p.last(Exercise)
	switch {
	case e == nil || e.Check != "":
		e = p.begin(n, Exercise)
	case len(e.Hints)+len(e.Answer) > 0:
		return p.wrong(n, "text after hint: or answer: of the exercise at line %d: is its check: missing before?", e.N)
	}
	if text == "" && e.Text == "" {
		return p.wrong(n, "#! needs what is to be done")
	}
	join(&e.Text, text)
	for _, w := range exerciseWords {
		if first, _, _ := strings.Cut(text, " "); first == w {
			p.bare = bareWord{line: n, word: w}
		}
	}
	return nil
}

// bareWord is a word of an exercise that stands where its colon may be missing.
type bareWord struct {
	line int
	word string
}

// wholeExercise looks whether an exercise has all that one needs.
func (p *lessonParser) wholeExercise(e *Part) error {
	missing := ""
	switch {
	case len(e.Answer) == 0:
		missing = "answer: with a verb, the model answer"
	case e.Check == "":
		missing = "check: with what holds when it is done, behind its answer:"
	default:
		return nil
	}
	if p.bare.line >= e.N {
		return p.wrong(p.bare.line, "the exercise %q needs %s: is a colon missing behind %s?", short(e.Text), missing, p.bare.word)
	}
	return p.wrong(e.N, "the exercise %q needs %s", short(e.Text), missing)
}
