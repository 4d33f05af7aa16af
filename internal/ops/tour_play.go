package ops

import (
	"context"

	"example.org/kmodsh/internal/scenario"
)

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
