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
	Real    []RealLine // the same on a real kernel
}

// RealKind says what a RealLine is.
type RealKind string

// The kinds of lines of the part on a real kernel.
const (
	RealCommand RealKind = "command" // of a shell: kmodsh --on vm:6.12 shell
	RealTyped   RealKind = "typed"   // a verb at the prompt that the command before it opened
	RealWords   RealKind = "words"   // what there is to see
)

// RealLine is a line of the part of a lesson that is done on a real kernel.
type RealLine struct {
	N    int      `json:"-"` // number in the file, from 1
	Kind RealKind `json:"kind"`
	Text string   `json:"text"`
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

// Waits says whether a lesson waits for the reader at a part of the kind: these
// parts are its steps.
func (k PartKind) Waits() bool { return k == Question || k == Exercise || k == Pause }

// Steps returns where in Parts the lesson waits for the reader, in order.
func (l *Lesson) Steps() []int {
	var at []int
	for i, p := range l.Parts {
		if p.Kind.Waits() {
			at = append(at, i)
		}
	}
	return at
}

// Part is one piece of a lesson.
type Part struct {
	N       int // line of the file where it begins, from 1
	Kind    PartKind
	Text    string   // prose in paragraphs, question, exercise
	Line    Line     // Run
	Choices []string // Question: "a) nothing"
	Right   string   // Question: letter
	Check   string   // Exercise: condition that holds when it is done
	Hints   []string // Question, Exercise
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

// isLesson says whether the text of a scenario is that of a lesson, or was to be:
// it says how long it takes, or asks something.
func isLesson(text string) bool {
	for l := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(l, "# "+minutesKey+":") || strings.HasPrefix(l, markQuestion) {
			return true
		}
	}
	return false
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
		l, err := parseLesson(name, text)
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
	return parseLesson(word, text)
}
