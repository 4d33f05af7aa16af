package ops

import (
	"context"
	"errors"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
)

// goOn goes on with the lesson, or says what it waits for.
func (s *Session) goOn(ctx context.Context, t *tour) (Result, error) {
	r := t.result()
	if t.offer > 0 {
		return r, s.jump(ctx, t, r, t.offer)
	}
	if t.wait != nil && t.wait.Kind != scenario.Pause {
		r.ask(t)
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
			texts, err := s.demonstrate(ctx, t, part.Line)
			if err != nil && t.step() > 0 && ctx.Err() == nil && !errors.As(err, new(*kernel.UnsupportedError)) {
				if again, aerr := s.mend(ctx, t, part); aerr == nil {
					texts, err, r.Mended = again, nil, true
				}
			}
			r.Texts = append(r.Texts, texts...)
			if err != nil {
				return t.errNotMended(err)
			}
		default:
			t.wait, t.hints, t.wrong = part, 0, false
			r.ask(t)
			if part.Kind == scenario.Question {
				t.asked++
			}
			s.keep(t)
			return nil
		}
	}
	t.wait = nil
	r.Done, r.Reading, r.Real = true, t.lesson.Reading, t.lesson.Real
	r.Right, r.Asked, r.Exercises = t.right, t.asked, t.done
	r.Next, r.Shows = nextLesson(t.lesson), t.lesson.Shows
	s.keep(t)
	s.setLesson(nil)
	return nil
}

// demonstrate runs a line of the lesson and returns what it shows.
func (s *Session) demonstrate(ctx context.Context, t *tour, l scenario.Line) ([]TourText, error) {
	if cur := s.Target(); cur != nil && !scenario.For(l.Only, cur.Name()) {
		return nil, nil
	}
	src := &SourceResult{Lines: []SourceLine{}}
	text := l.Text
	if l.Fails {
		text = "! " + text
	}
	_, err := src.line(ctx, s, l.N, text)
	var texts []TourText
	for _, line := range src.Lines {
		texts = append(texts, TourText{Line: &line})
	}
	if err != nil {
		err = &LineError{File: t.lesson.Name, Line: l.N, Err: err}
	}
	return texts, err
}
