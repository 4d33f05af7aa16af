package ops

import (
	"context"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
)

// rebuild brings a fresh target to where the lesson is before the part of that
// index: its lines are run again, and its exercises done by their model answers.
// So what a reader did in between is undone, whatever it was: another target,
// restart, back.
func (s *Session) rebuild(ctx context.Context, t *tour, upto int) error {
	if err := s.Open(ctx, t.target); err != nil {
		return err
	}
	for i, part := range t.lesson.Parts[:upto] {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.Progress("going to the place in the lesson", int64(i), int64(upto))
		var lines []scenario.Line
		switch part.Kind {
		case scenario.Run:
			lines = []scenario.Line{part.Line}
		case scenario.Exercise:
			for _, text := range part.Answer {
				lines = append(lines, scenario.Line{N: part.N, Text: text})
			}
		}
		for _, l := range lines {
			if _, err := s.demonstrate(ctx, t, l); err != nil {
				return fmt.Errorf("going to the place in the lesson: %w", err)
			}
		}
	}
	return nil
}

// jump goes to a step of the lesson: what comes between the step before and that
// one is shown, so that it can be understood.
func (s *Session) jump(ctx context.Context, t *tour, r *TourResult, step int) error {
	steps := t.lesson.Steps()
	from := 0
	if step > 1 {
		from = steps[step-2] + 1
	}
	if err := s.rebuild(ctx, t, from); err != nil {
		return err
	}
	t.offer, t.wait, t.at = 0, nil, from
	r.From = step
	return s.play(ctx, t, r)
}

// mend is for a line of the lesson that did not do what it should: the reader may
// have changed what it needs. All before it is done again as the lesson does it,
// then the line. The error is the line's own.
func (s *Session) mend(ctx context.Context, t *tour, part *scenario.Part) ([]TourText, error) {
	if err := s.rebuild(ctx, t, t.at-1); err != nil {
		return nil, err
	}
	return s.demonstrate(ctx, t, part.Line)
}

// errNotMended is what a lesson's reader can do about a line that fails whatever
// the reader did.
func (t *tour) errNotMended(err error) error {
	var cannot *kernel.UnsupportedError
	hint := fmt.Sprintf("the fault is the lesson's: kmodsh run %s judges it; Enter goes on behind that line", t.lesson.Name)
	if errors.As(err, &cannot) {
		hint = "this part of the lesson is for other targets; Enter goes on behind that line"
	}
	return &hintedError{err, hint}
}
