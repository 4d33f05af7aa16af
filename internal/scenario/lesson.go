package scenario

import (
	"fmt"
	"strings"
)

// Lesson is a scenario with prose, questions and exercises between its lines.
// As a scenario it runs its own lines and the model answers of its exercises,
// and expects what the exercises check.
type Lesson struct {
	*Scenario
	Minutes int    // how long it takes
	Parts   []Part // in order
	Reading []string
	Real    []string // commands that show the same on a real kernel
}

// PartKind says what a Part is.
type PartKind string

// The kinds of parts.
const (
	Prose    PartKind = "prose"
	Run      PartKind = "run"      // a line of the scenario
	Question PartKind = "question" // with Choices, of which Right is right
	Exercise PartKind = "exercise" // to be done by the reader
	Pause    PartKind = "pause"    // a place to take breath
)

// Part is one piece of a lesson.
type Part struct {
	Kind    PartKind
	Text    string   // prose in paragraphs, question, exercise
	Line    Line     // Run
	Choices []string // Question: "a) nothing"
	Right   string   // Question: letter
	Check   string   // Exercise: condition that holds when it is done
	Hints   []string // Exercise
	Answer  []string // Exercise: the lines of the model answer
}

// The marks that begin the lines of a lesson. All are comments of a scenario.
const (
	markProse    = "#:"
	markQuestion = "#?"
	markRight    = "#="
	markExercise = "#!"
	markPause    = "#-"
	markReading  = "#+"
	markReal     = "#@"
)

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

// IsLesson says whether the text of a scenario is that of a lesson.
func IsLesson(text string) bool {
	for l := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(l, "# minutes:") {
			return true
		}
	}
	return false
}

// ParseLesson reads a lesson. The error is a *SyntaxError.
func ParseLesson(name, text string) (*Lesson, error) {
	s, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	l := &Lesson{Scenario: s}
	p := &lessonParser{l: l, lines: map[int]Line{}}
	for _, line := range s.Lines {
		p.lines[line.N] = line
	}
	if len(s.Cases) > 0 {
		return nil, p.wrong(0, "a lesson has no cases: the verb restart begins anew")
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
	l     *Lesson
	lines map[int]Line
}

func (p *lessonParser) wrong(line int, msg string) error {
	return &SyntaxError{Name: p.l.Name, Line: line, Msg: msg}
}

// last is the part being read when it is of that kind, or else a new one.
func (p *lessonParser) last(kind PartKind) *Part {
	if n := len(p.l.Parts); n > 0 && p.l.Parts[n-1].Kind == kind {
		return &p.l.Parts[n-1]
	}
	p.l.Parts = append(p.l.Parts, Part{Kind: kind})
	return &p.l.Parts[len(p.l.Parts)-1]
}

func (p *lessonParser) line(n int, line string) error {
	if rest, ok := strings.CutPrefix(line, "# minutes:"); ok {
		if _, err := fmt.Sscan(rest, &p.l.Minutes); err != nil || p.l.Minutes < 1 || p.l.Minutes > 60 {
			return p.wrong(n, "minutes is a number from 1 to 60")
		}
		return nil
	}
	if len(line) < 2 {
		return nil
	}
	mark, text := line[:2], strings.TrimSpace(line[2:])
	switch mark {
	case markProse:
		join(&p.last(Prose).Text, text)
	case markPause:
		p.last(Pause)
	case markReading:
		p.l.Reading = append(p.l.Reading, text)
	case markReal:
		p.l.Real = append(p.l.Real, text)
	case markQuestion:
		q := p.last(Question)
		if q.Right != "" {
			p.l.Parts = append(p.l.Parts, Part{Kind: Question})
			q = p.last(Question)
		}
		if len(text) > 2 && text[1] == ')' {
			q.Choices = append(q.Choices, text)
		} else if len(q.Choices) > 0 {
			q.Choices[len(q.Choices)-1] += " " + text
		} else {
			join(&q.Text, text)
		}
	case markRight:
		if q := p.last(Question); q.Text == "" || q.Right != "" {
			return p.wrong(n, "#= tells the right answer of the question before it")
		}
		p.last(Question).Right = text
	case markExercise:
		return p.exercise(n, text)
	default:
		if l, ok := p.lines[n]; ok {
			p.l.Parts = append(p.l.Parts, Part{Kind: Run, Line: l})
		}
	}
	return nil
}

// exercise reads a line of an exercise.
func (p *lessonParser) exercise(n int, text string) error {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	e := p.last(Exercise)
	switch word {
	case "check:":
		if e.Check != "" || e.Text == "" || rest == "" {
			return p.wrong(n, "an exercise has one check:, after its text")
		}
		e.Check = rest
	case "hint:":
		e.Hints = append(e.Hints, rest)
	case "answer:":
		if rest == "" || e.Check != "" {
			return p.wrong(n, "answer: needs a verb, and comes before check:")
		}
		e.Answer = append(e.Answer, rest)
	default:
		if e.Check != "" {
			p.l.Parts = append(p.l.Parts, Part{Kind: Exercise})
			e = p.last(Exercise)
		}
		join(&e.Text, text)
	}
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
			right := false
			for k, c := range part.Choices {
				right = right || c[:1] == part.Right
				if c[0] != 'a'+byte(k) {
					return p.wrong(0, fmt.Sprintf("the choices of %q are a), b), c) in order", part.Text))
				}
			}
			if len(part.Choices) < 2 || !right {
				return p.wrong(0, fmt.Sprintf("the question %q needs choices, and #= with the letter of the right one", part.Text))
			}
		case Exercise:
			if part.Check == "" || len(part.Answer) == 0 {
				return p.wrong(0, fmt.Sprintf("the exercise %q needs check: and answer:", part.Text))
			}
		}
	}
	switch {
	case p.l.Minutes == 0:
		return p.wrong(0, "a lesson needs a line \"# minutes: N\" in its header")
	case questions == 0:
		return p.wrong(0, "a lesson asks something: #? before the lines that show the answer")
	}
	return nil
}

// LessonPrefix begins the names of the lessons of the library.
const LessonPrefix = "tour/"

// Lessons returns the lessons of the library in the order of their names.
func Lessons() ([]*Lesson, error) {
	var list []*Lesson
	for _, name := range Names() {
		if !strings.HasPrefix(name, LessonPrefix) {
			continue
		}
		text, err := Text(name)
		if err != nil {
			return nil, err
		}
		l, err := ParseLesson(name, text)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// FindLesson returns the lesson that a word stands for: its number in the tour,
// its name with or without tour/ and number, or a file by its path. The error
// wraps ErrUnknown, or is a *SyntaxError.
func FindLesson(word string) (*Lesson, error) {
	lessons, err := Lessons()
	if err != nil {
		return nil, err
	}
	for i, l := range lessons {
		short := strings.TrimPrefix(l.Name, LessonPrefix)
		_, bare, _ := strings.Cut(short, "-")
		if word == l.Name || word == short || word == bare || word == fmt.Sprint(i+1) {
			return l, nil
		}
	}
	text, err := readFile(word)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is neither a lesson of the tour nor a file", ErrUnknown, word)
	}
	return ParseLesson(word, text)
}
