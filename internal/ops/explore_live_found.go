package ops

import (
	"context"
	"errors"

	"example.org/kmodsh/internal/explore"
)

// foundLive tells of a schedule that breaks a promise. Where the oracle went
// along it is made small there, and written as a token.
func (c *exploreCommand) foundLive(ctx context.Context, v *explore.Violation, g, oracle *stage, asked []explore.LivePromise) (Found, error) {
	f := Found{Promise: v.Promise, Says: v.Says, Outcome: v.Outcome, Steps: len(v.Moves), Moves: v.Moves, Opens: v.Opens, Prose: []string{}, Chart: []string{}}
	for i := 1; i < len(v.Moves); i++ {
		if v.Moves[i] != v.Moves[i-1] {
			f.Switches++
		}
	}
	for _, q := range asked {
		if q.Name == v.Promise {
			f.Sentence = q.Says
		}
	}
	small, err := onOracle(ctx, v, g.name, oracle)
	if err != nil {
		f.NoToken = err.Error()
		return f, nil
	}
	small.Moves, small.Opens, small.Says = f.Moves, f.Opens, f.Says
	if _, isSim := g.d.(simulated); !isSim {
		small.On = g.d.Name()
	}
	return small, c.keep(&small)
}

// onOracle repeats a violation on the oracle alone, as a schedule of its every
// point, and makes it small. The error says why that cannot be.
func onOracle(ctx context.Context, v *explore.Violation, name string, oracle *stage) (Found, error) {
	if oracle == nil || len(v.Actions) == 0 {
		return Found{}, errors.New("the simulated kernel did not go along with it")
	}
	d, ok := oracle.d.(simulated)
	if !ok {
		return Found{}, errors.New("the oracle has no past")
	}
	sys, profile, _, err := d.Past()
	if err != nil {
		return Found{}, err
	}
	q, err := promiseOf(v.Promise)
	if err != nil {
		return Found{}, err
	}
	p := explore.Problem{Name: name, System: sys, Profile: profile, Setup: v.Actions[:v.Setup], Promises: []explore.Promise{q}}
	schedule, err := explore.ScheduleOf(&p, v.Actions[v.Setup:])
	if err != nil {
		return Found{}, err
	}
	return shrunk(ctx, &p, d.Name(), givenTo(d), explore.Broken{Promise: v.Promise, Schedule: schedule})
}
