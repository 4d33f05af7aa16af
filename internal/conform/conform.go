package conform

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
)

// Options say how much is compared. The zero value compares one schedule.
type Options struct {
	Schedules int    // how many random schedules; 0 is one
	Seed      uint64 // the same seed chooses the same
	Length    int    // bounds one schedule, in moves; 0 is 2000
	Tries     int    // bounds the schedules played to make a disagreement small; 0 is 300
	// Progress is told of each schedule; nil is not.
	Progress func(done, total int)
}

// Report is what came of it.
type Report struct {
	Schedules int `json:"schedules"` // compared to their end
	Moves     int `json:"moves"`     // compared, in all
	// SetAside are schedules in which the two differed in what was due at a
	// time, which passes by itself on a real kernel.
	SetAside int `json:"set_aside"`
	// Aside is how those differed first, at most maxAside of them.
	Aside    []string `json:"aside,omitempty"`
	Outcomes []string `json:"outcomes"` // different ends, sorted
	// LeftOut are the modules that were on one of the two from the beginning.
	LeftOut      []string      `json:"left_out"`
	Disagreement *Disagreement `json:"disagreement,omitempty"`
}

const maxAside = 5

// Disagreement is a schedule on which the two differ.
type Disagreement struct {
	Schedule int          `json:"schedule"` // which of the random ones, from 1; 0: before the first move
	Choices  []string     `json:"choices"`  // the threads moved, in order
	Rows     []Row        `json:"rows"`
	Differ   []Difference `json:"differ"` // after the last move
	// Ends are the differences in what becomes of the threads when both go on
	// alone from there, each thread in its turn.
	Ends  []Difference `json:"ends"`
	Was   int          `json:"was"`   // moves before it was made small
	Tries int          `json:"tries"` // schedules played to make it small
	Least bool         `json:"least"` // nothing more could be taken away
}

// Run compares two targets that are set up alike on random schedules, up to the
// first on which they differ, which is made small. An error means that they
// cannot be compared. When ctx ends the report says how far it came.
func Run(ctx context.Context, a, b *Side, o Options) (Report, error) {
	o.defaults()
	r := Report{Outcomes: []string{}, LeftOut: []string{}}
	p, diff, err := newPair(ctx, a, b, o.Length)
	if err != nil {
		return r, err
	}
	for name := range p.apart {
		r.LeftOut = append(r.LeftOut, name)
	}
	slices.Sort(r.LeftOut)
	if len(diff) > 0 {
		r.Disagreement = &Disagreement{Choices: []string{}, Rows: []Row{}, Differ: diff, Ends: []Difference{}, Least: true}
		return r, nil
	}
	for i := range o.Schedules {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if o.Progress != nil {
			o.Progress(i, o.Schedules)
		}
		one, err := p.play(ctx, dice(o.Seed, i))
		r.Moves = p.moves
		if err != nil {
			return r, err
		}
		switch {
		case len(one.diff) == 0:
			r.Schedules++
			if !slices.Contains(r.Outcomes, one.outcome) && one.outcome != "" {
				r.Outcomes = append(r.Outcomes, one.outcome)
			}
		case one.late:
			r.SetAside++
			if len(r.Aside) < maxAside {
				r.Aside = append(r.Aside, strings.Join(one.choices, " ")+": "+one.diff[0].String())
			}
		default:
			r.Disagreement, err = p.shrink(ctx, one, o.Tries)
			if r.Disagreement != nil {
				r.Disagreement.Schedule = i + 1
			}
			slices.Sort(r.Outcomes)
			return r, err
		}
	}
	slices.Sort(r.Outcomes)
	return r, nil
}

func (o *Options) defaults() {
	if o.Schedules == 0 {
		o.Schedules = 1
	}
	if o.Length == 0 {
		o.Length = 2000
	}
	if o.Tries == 0 {
		o.Tries = 300
	}
}

// dice chooses at random. Each schedule has its own inclination to stay with a
// thread, so that some have many switches and some have few.
func dice(seed uint64, i int) chooser {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	stay := []float64{0, 0.5, 0.8, 0.95}[r.IntN(4)]
	return func(movable []string, last string) string {
		if slices.Contains(movable, last) && r.Float64() < stay {
			return last
		}
		return movable[r.IntN(len(movable))]
	}
}
