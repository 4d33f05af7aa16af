package explore

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"example.org/kmodsh/internal/trace"
)

// Explore searches the schedules of a problem. A promise that is broken is no
// error but a part of the report; an error means that the problem cannot be
// searched. When ctx ends the search stops and the report says what is missing.
func Explore(ctx context.Context, p Problem, o Options) (Report, error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	r := Report{Problem: p.Name, Strategy: o.Strategy, Missed: []string{}, Outcomes: []string{}, Broken: []Broken{}}
	var units []*unit
	if o.Strategy == Exhaustive {
		units = passes(o)
	} else {
		units = sampleUnits(o)
	}
	if o.File != "" && o.Strategy == Exhaustive {
		if err := resume(o.File, &p, units); err != nil {
			return r, err
		}
	}
	done, err := runUnits(ctx, &p, o, units)
	if err != nil {
		return r, err
	}
	r.Complete = o.Strategy == Exhaustive
	for i, u := range units[:done] {
		r.merge(u)
		r.Complete = r.Complete && u.pass.Complete
		if len(u.broken) > 0 && !o.All && i < len(units)-1 {
			r.Complete = false
			r.Missed = append(r.Missed, "what comes after the first schedule that breaks a promise: "+units[i+1].name+" and on")
		}
	}
	if !o.All && len(r.Broken) > 1 {
		r.Broken = r.Broken[:1]
	}
	if o.Strategy != Exhaustive {
		r.Missed = append(r.Missed, "all schedules but those that were run: the strategy does not go through them all")
	}
	if o.Strategy == Exhaustive && o.Preemptions > 0 {
		r.Missed = append(r.Missed, fmt.Sprintf("schedules with more than %d preemptions", o.Preemptions))
	}
	for _, point := range trace.Points() {
		if !slices.Contains(r.Reached, point.ID) {
			r.Unreached = append(r.Unreached, point.ID)
		}
	}
	slices.SortStableFunc(r.Reached, func(a, b string) int { return pointOrder(a) - pointOrder(b) })
	if o.File != "" && o.Strategy == Exhaustive {
		return r, save(o.File, &p, units)
	}
	return r, nil
}

func pointOrder(id string) int {
	return slices.IndexFunc(trace.Points(), func(p trace.Point) bool { return p.ID == id })
}

// passes cuts an exhaustive search into parts that do not need each other: one
// for each bound, and then all.
func passes(o Options) []*unit {
	var list []*unit
	if o.everything {
		return append(list, &unit{name: "every alternative", options: o, bound: 255})
	}
	for b := range max(o.Bounds, 0) {
		name := fmt.Sprintf("%d preemptions", b)
		if b == 1 {
			name = "1 preemption"
		}
		list = append(list, &unit{name: name, options: o, bound: b})
	}
	if o.Preemptions > 0 {
		return list
	}
	return append(list, &unit{name: "all schedules", options: o, bound: -1})
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
		defer wg.Done()
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
			if !u.pass.Complete {
				errs[i] = u.do(own, p)
			}
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
		wg.Add(1)
		go worker()
	}
	wg.Wait()
	for i := range count {
		if errs[i] != nil {
			return 0, errs[i]
		}
	}
	return count, nil
}

func (u *unit) do(ctx context.Context, p *Problem) error {
	if u.options.Strategy == Exhaustive {
		return u.explore(ctx, p)
	}
	return u.sample(ctx, p)
}
