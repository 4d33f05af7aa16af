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
		Usage: "[LESSON | LETTER | check | hint | show | again | stop]",
		New:   func() Command { return new(tourCommand) },
		Examples: []string{
			"tour", "tour 1", "tour builtin-race", "tour b", "tour check", "tour hint", "tour show",
		},
	}
}

type tourCommand struct {
	Word string `arg:"" optional:"" name:"word" help:"A lesson, by number or name or file; the letter of an answer; check, hint, show, again or stop. Without it: what comes next, or the list of lessons."`
}

// exerciseWords are what can be said to an exercise.
var exerciseWords = []string{"check", "hint", "show", "again"}

// tour is a lesson that is under way. Session.mu does not guard it: one verb at
// a time works on it.
type tour struct {
	lesson *scenario.Lesson
	at     int // next part to come
	wait   *scenario.Part
	from   int    // position of the target where the exercise began
	target string // its name there
	hints  int    // given
	right  int    // questions answered rightly at once
	asked  int
	wrong  bool // the present question was answered wrongly
	done   int  // exercises done
}

func (c *tourCommand) Run(ctx context.Context, s *Session) (Result, error) {
	t := s.lesson()
	switch word := c.Word; {
	case word == "stop":
		s.setLesson(nil)
		return &TourResult{Ended: true, lesson: lessonOf(t)}, nil
	case t != nil && word == "":
		return s.goOn(ctx, t)
	case t != nil && t.wait != nil && t.wait.Kind == scenario.Question && len(word) == 1 && word >= "a" && word <= "z":
		return s.answer(ctx, t, word)
	case t != nil && t.wait != nil && t.wait.Kind == scenario.Question && slices.Contains(exerciseWords, word):
		return s.unsure(ctx, t, word)
	case t != nil && slices.Contains(exerciseWords, word):
		return s.exercise(ctx, t, word)
	case word == "":
		return lessonList()
	case slices.Contains(exerciseWords, word):
		return nil, &hintedError{errors.New("no lesson is under way"), "tour lists them, tour 1 begins the first"}
	}
	l, err := scenario.FindLesson(c.Word)
	if err != nil {
		hint := "tour lists the lessons"
		if errors.As(err, new(*scenario.SyntaxError)) {
			hint = "kmodsh scenario new --lesson FILE writes one that is whole, to begin from"
		}
		return nil, &UsageError{Msg: err.Error(), Hint: hint}
	}
	for _, part := range l.Parts {
		if part.Kind == scenario.Run {
			if err := checkLine(part.Line); err != nil {
				return nil, &scenario.SyntaxError{Name: l.Name, Line: part.Line.N, Msg: err.Error()}
			}
		}
	}
	if err := s.openLesson(ctx, l); err != nil {
		return nil, err
	}
	t = &tour{lesson: l}
	s.setLesson(t)
	r := t.result()
	r.Title, r.Shows, r.Minutes, r.Number = l.Title, l.Shows, l.Minutes, lessonNumber(l)
	return r, s.play(ctx, t, r)
}

// openLesson makes a fresh target that the lesson is for: of the kind there is,
// when that can be, or else the lesson's own.
func (s *Session) openLesson(ctx context.Context, l *scenario.Lesson) error {
	name := ""
	if t := s.Target(); t != nil && len(l.TargetsFor(t.Name())) > 0 {
		name = t.Name()
	}
	if name == "" {
		name = l.Targets[len(l.Targets)-1]
	}
	return s.Open(ctx, name)
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

// lessonList lists the lessons.
func lessonList() (Result, error) {
	lessons, err := scenario.Lessons()
	if err != nil {
		return nil, err
	}
	r := &LessonsResult{Lessons: []LessonRow{}}
	for i, l := range lessons {
		r.Lessons = append(r.Lessons, LessonRow{Number: i + 1, Name: strings.TrimPrefix(l.Name, scenario.LessonPrefix), Title: l.Title, Minutes: l.Minutes})
	}
	return r, nil
}
