package ops

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/trace"
)

// hintedError is an error with what a person can do about it.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

// hinted adds to an error about words the near ones that would have been
// understood: points, threads, modules, scenarios, kernels, whatever the verb
// completes.
func (s *Session) hinted(ctx context.Context, words []string, err error) error {
	var usage *UsageError
	var open *OpenError
	isUsage := errors.As(err, &usage)
	if err == nil || !isUsage && !errors.Is(err, kernel.ErrNotFound) && !errors.As(err, &open) || isUsage && strings.Contains(usage.Hint, "did you mean") {
		return err
	}
	hint := ""
	if v, lookup := Lookup(words[0]); lookup == nil {
		hint = s.slipped(ctx, v, words, err)
	}
	if hint == "" {
		near := s.near(words)
		if len(near) == 0 {
			return err
		}
		hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	if isUsage {
		better := *usage
		better.Hint = hint
		return &better
	}
	return &hintedError{err, hint}
}

// near returns what the first of a verb's arguments that it does not know could
// have been.
func (s *Session) near(words []string) []string {
	v, err := Lookup(words[0])
	if err != nil {
		return nil
	}
	args := words[1:]
	for i, word := range args {
		if _, point := trace.LookupPoint(word); word == "" || word[0] == '-' || point {
			continue // a point that there is, only not for this
		}
		if i := strings.IndexByte(word, '='); i > 0 {
			word = word[:i+1]
		}
		var list []string
		for _, begin := range []string{word[:1], ""} {
			for _, c := range v.complete(s, args[:i], begin) {
				list = append(list, c.Text)
			}
		}
		if len(list) == 0 || slices.ContainsFunc(list, func(c string) bool { return strings.EqualFold(c, word) }) {
			continue
		}
		slices.Sort(list)
		if near := nearest(word, slices.Compact(list)); len(near) > 0 {
			return near
		}
	}
	return nil
}

// NearScenarios says which scenarios a mistyped name could have meant, "" when
// none comes near.
func NearScenarios(word string) string {
	if near := nearest(word, scenario.Names()); len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "?"
	}
	return ""
}
