package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/wording"
)

// parseLesson reads a lesson. The error is a *SyntaxError.
func parseLesson(name, text string) (*Lesson, error) {
	s, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	l := &Lesson{Scenario: s}
	p := &lessonParser{l: l, lines: map[int]Line{}, header: true}
	for _, line := range s.Lines {
		p.lines[line.N] = line
	}
	if len(s.Cases) > 0 {
		return nil, p.wrong(s.Cases[0].N, "a lesson has no cases: the verb restart begins anew")
	}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if err := p.line(n, strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	return l, p.whole()
}

type lessonParser struct {
	l      *Lesson
	lines  map[int]Line
	header bool
	bare   bareWord // the last that was seen
}

func (p *lessonParser) wrong(line int, format string, args ...any) error {
	return &SyntaxError{Name: p.l.Name, Line: line, Msg: fmt.Sprintf(format, args...)}
}

// last is the part being read when it is of that kind, or else nil.
func (p *lessonParser) last(kind PartKind) *Part {
	if n := len(p.l.Parts); n > 0 && p.l.Parts[n-1].Kind == kind {
		return &p.l.Parts[n-1]
	}
	return nil
}

// begin begins a part at a line.
func (p *lessonParser) begin(n int, kind PartKind) *Part {
	p.l.Parts = append(p.l.Parts, Part{N: n, Kind: kind})
	return &p.l.Parts[len(p.l.Parts)-1]
}

// marks are what begins the lines of a lesson, each with what it is, for who has
// written another one.
const marks = "#: prose, #? question, #= its answer, #! exercise, #- pause, #+ reading, #@ on a real kernel"

func (p *lessonParser) line(n int, line string) error {
	if line == "" || line[0] != '#' {
		p.header = p.header && line == ""
		if l, ok := p.lines[n]; ok && strings.Fields(l.Text)[0] != skipWord {
			p.begin(n, Run).Line = l
		}
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "# "+minutesKey+":"); ok && p.header {
		m, err := strconv.Atoi(strings.TrimSpace(rest))
		if err != nil || m < 1 || m > 60 {
			return p.wrong(n, "minutes is a number from 1 to 60")
		}
		p.l.Minutes = m
		return nil
	}
	if len(line) < 2 {
		return nil
	}
	mark, text := line[:2], strings.TrimSpace(line[2:])
	p.header = p.header && mark == "# "
	switch mark {
	case markProse:
		prose := p.last(Prose)
		if prose == nil {
			prose = p.begin(n, Prose)
		}
		join(&prose.Text, text)
	case markPause:
		if text != "" {
			return p.wrong(n, "#- is a pause and has no text: prose begins with #:")
		}
		if p.last(Pause) == nil {
			p.begin(n, Pause)
		}
	case markReading:
		if text == "" {
			return p.wrong(n, "#+ needs what to read: #+ kernel/module/main.c, do_init_module")
		}
		p.l.Reading = append(p.l.Reading, text)
	case markReal:
		return p.real(n, text)
	case markQuestion:
		return p.question(n, text)
	case markRight:
		return p.right(n, text)
	case markExercise:
		return p.exercise(n, text)
	default:
		if strings.Contains("!\"$%&'()*,./;<>[\\]^_`{|}~", mark[1:]) {
			return p.wrong(n, "%s is no mark of a lesson: they are %s; a comment is # and a blank", mark, marks)
		}
	}
	return nil
}

// question reads a line of a question: of its text, of a choice, or a hint.
func (p *lessonParser) question(n int, text string) error {
	q := p.last(Question)
	if q == nil || q.Right != "" {
		q = p.begin(n, Question)
	}
	if name, rest, colon := strings.Cut(text, ":"); colon && len(q.Choices) > 0 && wording.Meant(name, []string{hintWord}) != "" {
		return p.questionHint(n, q, name, strings.TrimSpace(rest))
	}
	letter := len(text) > 1 && text[1] == ')' && (text[0] >= 'a' && text[0] <= 'z' || text[0] >= 'A' && text[0] <= 'Z')
	switch {
	case letter:
		next := string(rune('a' + len(q.Choices)))
		switch {
		case q.Text == "":
			return p.wrong(n, "a choice comes after the text of its question: #? text")
		case text[:1] == "a" && len(q.Choices) > 0:
			return p.wrong(n, "a second choice a): is the #= of the question at line %d missing?", q.N)
		case text[:1] != next:
			return p.wrong(n, "the choices are a), b), c) in order: this one is %s)", next)
		case strings.TrimSpace(text[2:]) == "":
			return p.wrong(n, "the choice %s) has no text", next)
		}
		if len(q.Hints) > 0 {
			return p.wrong(n, "the choice %s) after a hint: hints come behind all choices", next)
		}
		q.Choices = append(q.Choices, text)
	case text == "" && len(q.Choices) > 0:
		return p.wrong(n, "#? with nothing behind it: after the choices comes #= with the letter of the right one")
	case len(q.Hints) > 0:
		return p.wrong(n, "after a hint of the question at line %d comes another, #? hint: on one line, or its #=", q.N)
	case len(q.Choices) > 0:
		q.Choices[len(q.Choices)-1] += " " + text
	default:
		join(&q.Text, text)
	}
	return nil
}

// questionHint reads a hint of a question, which comes behind its choices.
func (p *lessonParser) questionHint(n int, q *Part, name, text string) error {
	switch {
	case name != hintWord:
		return p.wrong(n, "a question knows no %q: did you mean %s:?", name+":", hintWord)
	case text == "":
		return p.wrong(n, "hint: has nothing behind it")
	}
	q.Hints = append(q.Hints, text)
	return nil
}

// right reads which choice is the right one.
func (p *lessonParser) right(n int, text string) error {
	q := p.last(Question)
	switch {
	case q == nil:
		return p.wrong(n, "#= tells the right answer of the question before it, and there is none just before: #? text, then #? a) ...")
	case q.Right != "":
		return p.wrong(n, "the question at line %d has its #= already", q.N)
	case len(q.Choices) < 2:
		return p.wrong(n, "the question at line %d needs choices, two at least: #? a) ...", q.N)
	case len(text) != 1 || text[0] < 'a' || text[0] >= 'a'+byte(len(q.Choices)):
		return p.wrong(n, "#= is the letter of the right one, a to %c, and nothing else: what there is to say about it is prose, #:", 'a'+len(q.Choices)-1)
	}
	q.Right = text
	return nil
}

// real reads a line of the part on a real kernel.
func (p *lessonParser) real(n int, text string) error {
	l := RealLine{N: n, Kind: RealWords, Text: text}
	opened := false
	for _, r := range p.l.Real {
		opened = opened || r.Kind == RealCommand
	}
	typed, isTyped := strings.CutPrefix(text, ">")
	switch {
	case text == "" || isTyped && strings.TrimSpace(typed) == "":
		return p.wrong(n, "#@ needs a command, #@ kmodsh --on vm:6.12 shell, a verb to type there, #@ > load minix, or words")
	case isTyped && !opened:
		return p.wrong(n, "a verb to type comes after the command that opens the prompt: #@ kmodsh --on vm:6.12 shell")
	case isTyped:
		l.Kind, l.Text = RealTyped, strings.TrimSpace(typed)
	case strings.HasPrefix(text, "kmodsh "):
		l.Kind = RealCommand
	default:
		if last := len(p.l.Real) - 1; last >= 0 && p.l.Real[last].Kind == RealWords {
			p.l.Real[last].Text += " " + text
			return nil
		}
	}
	p.l.Real = append(p.l.Real, l)
	return nil
}

// join adds a line to a text; an empty one begins a paragraph.
func join(to *string, text string) {
	switch {
	case text == "":
		*to = strings.TrimRight(*to, "\n ") + "\n\n"
	case *to == "" || strings.HasSuffix(*to, "\n"):
		*to += text
	default:
		*to += " " + text
	}
}

// whole looks at what only shows when all was read.
func (p *lessonParser) whole() error {
	questions := 0
	for i := range p.l.Parts {
		switch part := &p.l.Parts[i]; part.Kind {
		case Question:
			questions++
			if len(part.Choices) < 2 {
				return p.wrong(part.N, "the question %q needs choices, two at least: #? a) ...", short(part.Text))
			}
			if part.Right == "" {
				return p.wrong(part.N, "the question %q needs #= with the letter of the right one, behind its choices", short(part.Text))
			}
		case Exercise:
			if err := p.wholeExercise(part); err != nil {
				return err
			}
		}
	}
	switch {
	case p.l.Minutes == 0:
		return p.wrong(1, "a lesson needs a line \"# minutes: N\" in its header")
	case questions == 0:
		return p.wrong(1, "a lesson asks something: #? before the lines that show the answer")
	}
	return nil
}

// short is the beginning of a text, for a message.
func short(s string) string {
	words := strings.Fields(s)
	if len(words) > 8 {
		return strings.Join(words[:8], " ") + " ..."
	}
	return strings.Join(words, " ")
}
