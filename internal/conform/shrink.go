package conform

import (
	"context"
	"slices"
)

// shrink looks for the shortest schedule with the same disagreement: the same
// difference in the end where there is one, else the same first difference.
// Choices of threads that cannot be moved are passed over.
func (p *pair) shrink(ctx context.Context, first *played, tries int) (*Disagreement, error) {
	s := &shrinking{pair: p, left: tries}
	var err error
	if first.ends, err = p.finish(ctx); err != nil {
		return nil, err
	}
	s.key, s.best = key(first), first
	for size := len(first.choices) / 2; size >= 1; size /= 2 {
		for at := 0; at < len(s.best.choices) && s.left > 0; {
			cut := slices.Delete(slices.Clone(s.best.choices), at, min(at+size, len(s.best.choices)))
			ok, err := s.try(ctx, cut)
			if err != nil {
				return nil, err
			}
			if !ok {
				at += size
			}
		}
		if size == 1 && s.shrunk {
			s.shrunk, size = false, 2 // once more: what was needed may not be now
		}
	}
	if err := s.join(ctx); err != nil {
		return nil, err
	}
	b := s.best
	d := &Disagreement{Choices: b.choices, Rows: b.rows, Differ: b.diff, Ends: b.ends, Was: len(first.choices), Tries: tries - s.left, Least: s.left > 0}
	if d.Choices == nil {
		d.Choices = []string{}
	}
	if d.Ends == nil {
		d.Ends = []Difference{}
	}
	return d, nil
}

type shrinking struct {
	*pair
	left   int
	key    string
	best   *played
	shrunk bool
}

// key names a disagreement.
func key(r *played) string {
	if len(r.ends) > 0 {
		return "end: " + r.ends[0].String()
	}
	if len(r.diff) > 0 {
		return r.diff[0].String()
	}
	return ""
}

// try plays a schedule, and keeps it when it is shorter with the same
// disagreement.
func (s *shrinking) try(ctx context.Context, choices []string) (bool, error) {
	if err := ctx.Err(); err != nil || s.left <= 0 {
		return false, err
	}
	s.left--
	one, err := s.play(ctx, taking(choices))
	if err != nil {
		return false, err
	}
	if len(one.diff) == 0 {
		return false, nil
	}
	if one.ends, err = s.finish(ctx); err != nil {
		return false, err
	}
	fewer := len(one.choices) < len(s.best.choices) || len(one.choices) == len(s.best.choices) && switches(one.choices) < switches(s.best.choices)
	if key(one) != s.key || !fewer {
		return false, nil
	}
	s.best, s.shrunk = one, true
	return true, nil
}

// join tries to bring the turns of a thread together.
func (s *shrinking) join(ctx context.Context) error {
	for i := 0; i+1 < len(s.best.choices); i++ {
		c := s.best.choices
		for j := i + 2; j < len(c); j++ {
			if c[j] != c[i] || c[j-1] == c[i] {
				continue
			}
			moved := slices.Insert(slices.Delete(slices.Clone(c), j, j+1), i+1, c[j])
			if ok, err := s.try(ctx, moved); err != nil {
				return err
			} else if ok {
				break
			}
		}
	}
	return nil
}

func switches(choices []string) int {
	n := 0
	for i := 1; i < len(choices); i++ {
		if choices[i] != choices[i-1] {
			n++
		}
	}
	return n
}

// taking chooses what was written down, as far as it goes.
func taking(choices []string) chooser {
	return func(movable []string, _ string) string {
		for len(choices) > 0 {
			next := choices[0]
			choices = choices[1:]
			if slices.Contains(movable, next) {
				return next
			}
		}
		return ""
	}
}
