package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/scenario"
)

// answer judges the answer to a question, and goes on when it is right.
func (s *Session) answer(ctx context.Context, t *tour, letter string) (Result, error) {
	r := t.result()
	if letter > string(rune('a'+len(t.wait.Choices)-1)) {
		last := rune('a' + len(t.wait.Choices) - 1)
		return nil, &UsageError{Verb: "tour", Msg: fmt.Sprintf("there is no answer %s: the last is %c", letter, last), Hint: "show tells which is right"}
	}
	right := letter == t.wait.Right
	r.Correct = &right
	if !right {
		if !t.wrong {
			r.Hint = t.nextHint()
		}
		t.wrong = true
		r.ask(t)
		return r, nil
	}
	if !t.wrong {
		t.right++
	}
	t.wait = nil
	return r, s.play(ctx, t, r)
}

// nextHint is the next of the hints of what a lesson waits for, "" when there is no
// more.
func (t *tour) nextHint() string {
	if t.hints == len(t.wait.Hints) {
		return ""
	}
	t.hints++
	return t.wait.Hints[t.hints-1]
}

// unsure is for who does not know the answer to a question: hint says what to look
// at, show tells it, as one that was not known, and goes on.
func (s *Session) unsure(ctx context.Context, t *tour, word string) (Result, error) {
	r := t.result()
	switch word {
	case "hint":
		switch r.Hint = t.nextHint(); {
		case r.Hint != "":
		case len(t.wait.Hints) == 0:
			r.Hint = "this question has none; show tells which is right"
		default: // a wrong answer has brought it, and it may have gone out of sight
			r.Hint = t.wait.Hints[t.hints-1]
		}
		return r, nil
	case "show":
	default:
		return nil, &UsageError{Verb: "tour", Msg: word + " is for exercises, and this is a question", Hint: "a letter answers it; hint helps, show tells which is right"}
	}
	r.Answer = t.wait.Right
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
		switch r.Hint = t.nextHint(); {
		case r.Hint != "":
		case len(e.Hints) == 0:
			r.Hint = "this exercise has none; show does it for you"
		default:
			r.Hint = "there are no more hints; show does it for you"
		}
		return r, nil
	case "again":
		r.Again = true
		return r, s.rebuild(ctx, t, t.at-1)
	case "show":
		r.Again = true
		if err := s.rebuild(ctx, t, t.at-1); err != nil {
			return r, err
		}
		for _, line := range e.Answer {
			texts, err := s.demonstrate(ctx, t, scenario.Line{N: e.N, Text: line})
			r.Texts = append(r.Texts, texts...)
			if err != nil {
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

// holds asks a condition of now. One that compares what is not there yet, the
// result of a thread that has not ended, does not hold.
func (s *Session) holds(ctx context.Context, text string) (bool, []condition.Value, error) {
	_, cond, snap, err := s.ask(ctx, strings.Fields(text))
	if err != nil {
		return false, nil, err
	}
	ok, err := cond.Holds(snap)
	got := cond.Explain(snap)
	if err != nil && slices.ContainsFunc(got, func(v condition.Value) bool { return v.Value == "nothing" }) {
		return false, got, nil
	}
	return ok, got, err
}
