package explore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// Explore searches the schedules of a problem. A promise that is broken is no
// error but a part of the report; an error means that the problem cannot be
// searched. When ctx ends the search stops and the report says what is missing.
func Explore(ctx context.Context, p Problem, o Options) (Report, error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	r := Report{Problem: p.Name, Strategy: o.Strategy, Missed: []string{}, Outcomes: []string{}, Broken: []Broken{}}
	var err error
	if o.Strategy == Exhaustive {
		err = r.searchAll(ctx, &p, o)
	} else {
		err = r.sampleAll(ctx, &p, o)
	}
	if err != nil {
		return r, err
	}
	if !o.All && len(r.Broken) > 1 {
		r.Broken = r.Broken[:1]
	}
	for _, point := range trace.Points() {
		if !slices.Contains(r.Reached, point.ID) {
			r.Unreached = append(r.Unreached, point.ID)
		}
	}
	slices.SortStableFunc(r.Reached, func(a, b string) int { return pointOrder(a) - pointOrder(b) })
	return r, nil
}

func pointOrder(id string) int {
	return slices.IndexFunc(trace.Points(), func(p trace.Point) bool { return p.ID == id })
}

// passes cuts an exhaustive search into one pass for each bound, and then one
// without a bound.
func passes(p *Problem, o Options) []*pass {
	var list []*pass
	add := func(name string, bound int) { list = append(list, newPass(p, o, name, bound)) }
	if o.Every {
		add("every alternative", 255)
		return list
	}
	for b := range max(o.Bounds, 0) {
		add(wording.Count(b, "preemption"), b)
	}
	if o.Preemptions == 0 {
		add("all schedules", -1)
	}
	return list
}

// newPass makes a pass. Steps are learned where every promise says what it
// looks at; then threads that are spawned to do the same may change places.
// Otherwise every alternative is taken, for nobody knows which would make a
// difference.
func newPass(p *Problem, o Options, name string, bound int) *pass {
	x := &pass{name: name, options: o, bound: bound, problem: p, names: sim.NewNames(), ends: map[uint64]struct{}{}}
	blind := p.blind()
	if blind && bound < 0 && !o.Plain {
		x.bound = 255
	}
	x.learn = !o.Every && !o.Plain && !blind
	x.alike = x.learn && !slices.ContainsFunc(p.Setup, func(a sim.Action) bool { return a.Fault != nil && a.Fault.Thread != "" })
	x.start()
	return x
}

// start empties what is known.
func (p *pass) start() {
	p.memory = &budget{limit: int64(p.options.Memory)}
	p.model = newModel()
	if !p.options.Plain {
		p.seen = newTable(p.memory)
	}
}

// searchAll does the passes, one after the other, up to the first that finds
// something.
func (r *Report) searchAll(ctx context.Context, p *Problem, o Options) error {
	list := passes(p, o)
	file := &searchFile{path: o.File, problem: p, passes: list}
	open, err := file.resume()
	if err != nil {
		return err
	}
	r.Complete = true
	for i, x := range list {
		if !x.found.pass.Complete {
			x.save = file.saver()
			if err := x.search(ctx, open[x.name]); errors.Is(err, errUnlike) && x.learn && !o.strict {
				again := newPass(p, o, x.name, x.bound)
				again.learn, again.alike, again.save = false, false, x.save
				list[i], x = again, again
				err = x.search(ctx, nil)
				if err != nil {
					return err
				}
			} else if err != nil {
				return err
			}
		}
		r.merge(&x.found)
		r.Complete = r.Complete && x.found.pass.Complete
		enough := len(x.found.broken) > 0 && !o.All
		if enough {
			r.Complete = false
			r.Missed = append(r.Missed, "what comes after the first schedule that breaks a promise")
		}
		if enough || x.stop.Load() && !x.found.pass.Complete && ctx.Err() != nil {
			for _, later := range list[i+1:] {
				if ctx.Err() != nil {
					r.Complete = false
					r.Missed = append(r.Missed, later.name+": not begun")
				}
			}
			break
		}
	}
	if o.Preemptions > 0 {
		r.Missed = append(r.Missed, "schedules with more than "+wording.Count(o.Preemptions, "preemption"))
	}
	return file.save()
}

// sampleAll runs schedules of a strategy that does not go through them all.
func (r *Report) sampleAll(ctx context.Context, p *Problem, o Options) error {
	if tell := o.Progress; tell != nil {
		var mu sync.Mutex
		sum := Progress{Pass: string(o.Strategy)}
		o.Progress = func(p Progress) {
			mu.Lock()
			defer mu.Unlock()
			sum.Schedules += p.Schedules
			tell(sum)
		}
	}
	units := sampleUnits(o)
	done, err := runUnits(ctx, p, o, units)
	if err != nil {
		return err
	}
	for i, u := range units[:done] {
		r.merge(&u.findings)
		if len(u.broken) > 0 && !o.All && i < len(units)-1 {
			r.Missed = append(r.Missed, "what comes after the first schedule that breaks a promise: "+units[i+1].name+" and on")
		}
	}
	r.Missed = append(r.Missed, "all schedules but those that were run: the strategy does not go through them all")
	return nil
}

// runUnits does the units, each by one of the workers. It returns how many of
// them, from the first on, count: up to the first that found something.
func runUnits(ctx context.Context, p *Problem, o Options, units []*unit) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu    sync.Mutex
		next  int
		count = len(units)
		errs  = make([]error, len(units))
		stops = make([]context.CancelFunc, len(units))
		wg    sync.WaitGroup
	)
	worker := func() {
		for {
			mu.Lock()
			i := next
			next++
			if i >= count {
				mu.Unlock()
				return
			}
			own, stop := context.WithCancel(ctx)
			stops[i] = stop
			mu.Unlock()
			u := units[i]
			errs[i] = u.sample(own, p)
			mu.Lock()
			stop()
			if errs[i] != nil || len(u.broken) > 0 && !o.All {
				count = min(count, i+1)
				for _, later := range stops[i+1:] {
					if later != nil {
						later()
					}
				}
			}
			mu.Unlock()
		}
	}
	for range min(o.Workers, len(units)) {
		wg.Go(worker)
	}
	wg.Wait()
	for i := range count {
		if errs[i] != nil {
			return 0, errs[i]
		}
	}
	return count, nil
}
