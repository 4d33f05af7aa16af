package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/scenario"
)

func tourVerb() *Verb {
	return &Verb{
		Name: "tour", Group: groupLearn,
		Short: "lessons: begin one, go on, answer, check an exercise",
		Usage: "[LESSON [--from STEP|--restart] | LETTER | check|hint|show|again|stop]",
		New:   func() Command { return new(tourCommand) },
		Examples: []string{
			"tour", "tour 1", "tour builtin-race", "tour 8 --from 3", "tour 8 --restart", "tour b", "tour check", "tour hint", "tour show",
		},
	}
}

type tourCommand struct {
	From    int    `help:"Begin at this step of the lesson: all before it is done for you." placeholder:"STEP"`
	Restart bool   `help:"Begin the lesson anew, though it was left in the middle."`
	Word    string `arg:"" optional:"" name:"word" help:"A lesson, by number or name or file; the letter of an answer; check, hint, show, again or stop. Without it: what comes next, or the list of lessons."`
}

// exerciseWords are what can be said to an exercise.
var exerciseWords = []string{"check", "hint", "show", "again"}

// tour is a lesson that is under way. Session.mu does not guard it: one verb at
// a time works on it.
type tour struct {
	lesson *scenario.Lesson
	target string // on which it began
	at     int    // next part to come
	wait   *scenario.Part
	offer  int  // the step where it was left, as long as that is only offered
	hints  int  // given for what it waits for
	right  int  // questions answered rightly at once
	asked  int  //
	wrong  bool // the present question was answered wrongly
	done   int  // exercises done
}

func (c *tourCommand) Run(ctx context.Context, s *Session) (Result, error) {
	t := s.lesson()
	if c.From != 0 || c.Restart {
		return c.begin(ctx, s)
	}
	switch word := c.Word; {
	case word == "stop":
		r := &TourResult{Ended: true, lesson: lessonOf(t)}
		r.Left = s.LessonLeft()
		s.setLesson(nil)
		return r, nil
	case t != nil && word == "":
		return s.goOn(ctx, t)
	case t != nil && t.offer > 0 && (isLetter(word) || slices.Contains(exerciseWords, word)):
		return nil, &UsageError{Verb: "tour", Msg: "the lesson was left in the middle and has not begun again", Hint: "Enter (tour) goes on where it was left; tour " + t.word() + " --restart begins anew"}
	case t != nil && t.wait != nil && t.wait.Kind == scenario.Question && isLetter(word):
		return s.answer(ctx, t, word)
	case t != nil && t.wait != nil && t.wait.Kind == scenario.Question && slices.Contains(exerciseWords, word):
		return s.unsure(ctx, t, word)
	case t != nil && slices.Contains(exerciseWords, word):
		return s.exercise(ctx, t, word)
	case word == "":
		return lessonList(s)
	case slices.Contains(exerciseWords, word) || isLetter(word):
		return nil, &hintedError{errors.New("no lesson is under way"), "tour lists them, tour 1 begins the first"}
	}
	return c.begin(ctx, s)
}

// isLetter says whether a word is the answer to a question.
func isLetter(word string) bool { return len(word) == 1 && word >= "a" && word <= "z" }

// begin begins a lesson, or offers to go on with it where it was left.
func (c *tourCommand) begin(ctx context.Context, s *Session) (Result, error) {
	old := s.lesson()
	var l *scenario.Lesson
	switch {
	case c.Word == "" && old == nil:
		return nil, &UsageError{Verb: "tour", Msg: "which lesson?", Hint: "tour lists them; tour 8 --from 3"}
	case c.Word == "":
		l = old.lesson
	default:
		var err error
		if l, err = s.findLesson(c.Word); err != nil {
			return nil, err
		}
	}
	steps := len(l.Steps())
	if c.From != 0 && (c.From < 0 || c.From > steps || c.Restart) {
		return nil, &UsageError{Verb: "tour", Msg: fmt.Sprintf("--from is a step of the lesson, 1 to %d, and goes without --restart", steps)}
	}
	t := &tour{lesson: l, target: s.lessonTarget(l)}
	place, left := s.place(l)
	left = left && !c.Restart && c.From == 0
	if !left && c.From == 0 { // else rebuild opens it
		if err := s.Open(ctx, t.target); err != nil {
			return nil, err
		}
	}
	s.setLesson(t)
	r := t.result()
	r.Title, r.Minutes, r.Number, r.Target = l.Title, l.Minutes, lessonNumber(l), t.target
	switch {
	case c.From > 0:
		return r, s.jump(ctx, t, r, c.From)
	case left:
		t.right, t.asked, t.done = place.Right, place.Asked, place.Done
		t.offer, r.Offer = place.Step, place.Step
		return r, nil
	}
	return r, s.play(ctx, t, r)
}

// findLesson finds a lesson and looks whether its lines are verbs.
func (s *Session) findLesson(word string) (*scenario.Lesson, error) {
	l, err := scenario.FindLesson(word)
	if err == nil {
		err = CheckLesson(l)
	}
	if err != nil {
		hint := "tour lists the lessons"
		if errors.As(err, new(*scenario.SyntaxError)) {
			hint = "kmodsh scenario check FILE looks again; kmodsh scenario new --lesson FILE writes one that is whole, to begin from"
		}
		return nil, &UsageError{Msg: err.Error(), Hint: hint}
	}
	return l, nil
}

// CheckLesson looks whether the lines of a lesson are lines of verbs, those of
// its answers, its checks and its part on a real kernel among them, without
// running them. The error is a *scenario.SyntaxError.
func CheckLesson(l *scenario.Lesson) error {
	if err := CheckScenario(l.Scenario); err != nil {
		return err
	}
	for _, r := range l.Real {
		if r.Kind != scenario.RealTyped {
			continue
		}
		if err := checkLine(scenario.Line{N: r.N, Text: strings.TrimSpace(strings.TrimPrefix(r.Text, "!"))}); err != nil {
			return &scenario.SyntaxError{Name: l.Name, Line: r.N, Msg: fmt.Sprintf("%s: %v", r.Text, err)}
		}
	}
	return nil
}

// lessonTarget is the target that a lesson is taken on: the one asked for or the
// one there is, when the lesson is for it, or else the lesson's own.
func (s *Session) lessonTarget(l *scenario.Lesson) string {
	names := []string{s.LessonTarget}
	if t := s.Target(); t != nil {
		names = append(names, t.Name())
	}
	for _, name := range names {
		if _, skips := l.SkipsAll(name); name != "" && len(l.TargetsFor(name)) > 0 && strings.Contains(name, ":") && !skips {
			return name
		}
	}
	return l.Targets[len(l.Targets)-1]
}

func lessonOf(t *tour) *scenario.Lesson {
	if t == nil {
		return nil
	}
	return t.lesson
}

func (s *Session) lesson() *tour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tour
}

func (s *Session) setLesson(t *tour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tour = t
}

func lessonNumber(l *scenario.Lesson) int {
	lessons, err := scenario.Lessons()
	if err != nil {
		return 0
	}
	return slices.IndexFunc(lessons, func(o *scenario.Lesson) bool { return o.Name == l.Name }) + 1
}

func nextLesson(l *scenario.Lesson) string {
	lessons, err := scenario.Lessons()
	n := lessonNumber(l)
	if err != nil || n == 0 || n >= len(lessons) {
		return ""
	}
	return fmt.Sprintf("%d, %s", n+1, lessons[n].Title)
}

func (c *tourCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(before) > 0 {
		return nil
	}
	var list []Candidate
	if s.lesson() != nil {
		for _, w := range append([]string{"stop"}, exerciseWords...) {
			list = append(list, Candidate{Text: w, Note: "of the lesson under way"})
		}
	}
	lessons, err := scenario.Lessons()
	if err != nil {
		return nil
	}
	for _, l := range lessons {
		list = append(list, Candidate{Text: strings.TrimPrefix(l.Name, scenario.LessonPrefix), Note: l.Title})
	}
	return append(match(word, list), completeFiles(word, scenario.Suffix)...)
}

// lessonList lists the lessons, and where they were left.
func lessonList(s *Session) (Result, error) {
	lessons, err := scenario.Lessons()
	if err != nil {
		return nil, err
	}
	r := &LessonsResult{Lessons: []LessonRow{}}
	for i, l := range lessons {
		row := LessonRow{Number: i + 1, Name: strings.TrimPrefix(l.Name, scenario.LessonPrefix), Title: l.Title, Minutes: l.Minutes, Steps: len(l.Steps())}
		if place, ok := s.place(l); ok {
			row.Left = place.Step
		}
		r.Lessons = append(r.Lessons, row)
	}
	return r, nil
}
