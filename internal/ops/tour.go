package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
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
	case t != nil && slices.Contains([]string{"check", "hint", "show", "again"}, word):
		return s.exercise(ctx, t, word)
	case word == "":
		return lessonList()
	case slices.Contains([]string{"check", "hint", "show", "again"}, word):
		return nil, &hintedError{errors.New("no lesson is under way"), "tour lists them, tour 1 begins the first"}
	}
	l, err := scenario.FindLesson(c.Word)
	if err != nil {
		return nil, &UsageError{Msg: err.Error(), Hint: "tour lists the lessons"}
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

// goOn goes on with the lesson, or says what it waits for.
func (s *Session) goOn(ctx context.Context, t *tour) (Result, error) {
	r := t.result()
	if t.wait != nil && t.wait.Kind != scenario.Pause {
		r.ask(t.wait)
		return r, nil
	}
	t.wait = nil
	return r, s.play(ctx, t, r)
}

// play shows the parts of the lesson up to the next that waits for the reader.
func (s *Session) play(ctx context.Context, t *tour, r *TourResult) error {
	for t.at < len(t.lesson.Parts) {
		part := &t.lesson.Parts[t.at]
		t.at++
		r.Part = t.at
		switch part.Kind {
		case scenario.Prose:
			r.add(TourText{Prose: part.Text})
		case scenario.Run:
			if err := s.demonstrate(ctx, t, r, part.Line); err != nil {
				return err
			}
		default:
			t.wait, t.hints, t.wrong = part, 0, false
			r.ask(part)
			if part.Kind == scenario.Question {
				t.asked++
			}
			if part.Kind == scenario.Exercise {
				t.remember(s)
			}
			return nil
		}
	}
	t.wait = nil
	r.Done, r.Reading, r.Real = true, t.lesson.Reading, t.lesson.Real
	r.Right, r.Asked, r.Exercises = t.right, t.asked, t.done
	r.Next = nextLesson(t.lesson)
	s.setLesson(nil)
	return nil
}

// remember keeps where an exercise began.
func (t *tour) remember(s *Session) {
	t.from, t.target = -1, ""
	if d, err := s.debugger(); err == nil {
		t.from, _ = d.Pos()
		t.target = d.Name()
	}
}

// demonstrate runs a line of the lesson and shows it.
func (s *Session) demonstrate(ctx context.Context, t *tour, r *TourResult, l scenario.Line) error {
	if cur := s.Target(); cur != nil && !scenario.For(l.Only, cur.Name()) {
		return nil
	}
	src := &SourceResult{Lines: []SourceLine{}}
	text := l.Text
	if l.Fails {
		text = "! " + text
	}
	_, err := src.line(ctx, s, l.N, text)
	for _, line := range src.Lines {
		r.add(TourText{Line: &line})
	}
	if err != nil {
		return &LineError{File: t.lesson.Name, Line: l.N, Err: err}
	}
	return nil
}

// answer judges the answer to a question, and goes on when it is right.
func (s *Session) answer(ctx context.Context, t *tour, letter string) (Result, error) {
	r := t.result()
	if letter > string(rune('a'+len(t.wait.Choices)-1)) {
		return nil, &UsageError{Msg: fmt.Sprintf("the answers are a to %c", 'a'+len(t.wait.Choices)-1)}
	}
	right := letter == t.wait.Right
	r.Correct = &right
	if !right {
		t.wrong = true
		r.ask(t.wait)
		return r, nil
	}
	if !t.wrong {
		t.right++
	}
	t.wait = nil
	return r, s.play(ctx, t, r)
}

// exercise does what can be done in an exercise.
func (s *Session) exercise(ctx context.Context, t *tour, word string) (Result, error) {
	e := t.wait
	if e == nil || e.Kind != scenario.Exercise {
		return nil, &UsageError{Msg: word + " is for exercises, and the lesson waits for none", Hint: "tour shows what it waits for"}
	}
	r := t.result()
	switch word {
	case "hint":
		if t.hints == len(e.Hints) {
			r.Hint = "there are no more hints; tour show does it for you"
			return r, nil
		}
		r.Hint = e.Hints[t.hints]
		t.hints++
		return r, nil
	case "again":
		return r, s.again(ctx, t, r)
	case "show":
		if err := s.again(ctx, t, r); err != nil {
			return r, err
		}
		for i, line := range e.Answer {
			if err := s.demonstrate(ctx, t, r, scenario.Line{N: i + 1, Text: line}); err != nil {
				return r, err
			}
		}
	}
	ok, got, err := s.holds(ctx, e.Check)
	if err != nil {
		return r, err
	}
	r.Check = e.Check
	if word == "check" || !ok {
		r.Correct = &ok
	}
	if !ok {
		r.Got = got
		return r, nil
	}
	if word == "check" {
		t.done++
	}
	t.wait = nil
	return r, s.play(ctx, t, r)
}

// again goes back to where the exercise began.
func (s *Session) again(ctx context.Context, t *tour, r *TourResult) error {
	d, err := s.debugger()
	if err != nil || t.from < 0 || d.Name() != t.target {
		return errors.Join(err, errors.New("the exercise did not begin on this target: begin the lesson again"))
	}
	if err := d.Goto(ctx, t.from); err != nil {
		return err
	}
	s.withDebug(func(st *debugState) { st.moved = "" })
	r.Again = true
	return nil
}

// holds asks a condition of now.
func (s *Session) holds(ctx context.Context, text string) (bool, []condition.Value, error) {
	_, cond, snap, err := s.ask(ctx, strings.Fields(text))
	if err != nil {
		return false, nil, err
	}
	ok, err := cond.Holds(snap)
	return ok, cond.Explain(snap), err
}

// TourLine makes of what is typed during a lesson the verb that is meant: an
// empty line goes on, a letter answers a question, and check, hint, show and
// again are those of an exercise. Other lines are as they are.
func (s *Session) TourLine(line string) string {
	t := s.lesson()
	if t == nil {
		return line
	}
	word := strings.ToLower(strings.TrimSpace(line))
	switch {
	case word == "":
		return "tour"
	case t.wait != nil && t.wait.Kind == scenario.Question && len(strings.TrimSuffix(word, ")")) == 1 && word[0] >= 'a' && word[0] <= 'z':
		return "tour " + word[:1]
	case t.wait != nil && t.wait.Kind == scenario.Exercise && slices.Contains([]string{"check", "hint", "show", "again"}, word):
		return "tour " + word
	}
	return line
}

// TourWaits says what the lesson under way waits for, for a prompt: "", "?",
// "exercise" or "...".
func (s *Session) TourWaits() string {
	t := s.lesson()
	if t == nil {
		return ""
	}
	if t.wait == nil || t.wait.Kind == scenario.Pause {
		return "Enter goes on"
	}
	if t.wait.Kind == scenario.Question {
		return "your answer?"
	}
	return "exercise"
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
		for _, w := range []string{"check", "hint", "show", "again", "stop"} {
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
