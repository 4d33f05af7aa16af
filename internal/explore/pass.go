package explore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/sim"
)

// maxThreads is how many threads an exhaustive search takes, helpers included.
const maxThreads = sim.MaxKeys

// errTooMany says that there are more.
var errTooMany = fmt.Errorf("more than %d threads: too many to search every schedule; another strategy can", maxThreads)

// pass is one exhaustive search, done by one worker at first and, where it is
// long, by all.
type pass struct {
	name    string
	options Options
	bound   int // preemptions, -1: no bound but reduction
	problem *Problem

	learn  bool // steps are learned and not taken again
	alike  bool // threads that are spawned to do the same are held for the same
	names  *sim.Names
	memory *budget
	model  *model
	seen   *table            // nil: every schedule is run
	save   func(*pass) error // keeps how far the search has come, nil: nobody wants it

	mu      sync.Mutex // of what follows
	found   findings
	ends    map[uint64]struct{}
	workers []*worker
	err     error
	short   bool // some schedules were too long
	stop    atomic.Bool

	watching
	sharing
	schedules, pruned, steps atomic.Int64
	saved                    atomic.Int64 // schedules and cuts when the search was last saved
}

// findings is what a pass, or a part of another strategy, comes to.
type findings struct {
	pass     Pass
	longest  int
	broken   []Broken
	outcomes []string
	missed   []string
	reached  []string
}

// worker searches. It shares the tree of open nodes with the others.
type worker struct {
	*pass
	machine *machine
	path    []*node // from the start to the state it is at
	free    []*node
	number  uint64 // from 1
	nodes   uint64 // made so far
	cache   map[at]*place
	prints  map[sim.Footprint]uint32
	known   []sim.Footprint
	list    []beyond
	ranks   []int8
	sight   uint64 // what promises look at, after the last step
	sights  map[uint64]struct{}
	ticks   int

	// What has been begun and has no node yet, for whoever saves the search.
	from *node
	key  int
}

// search searches all that belongs to the pass, or what an earlier search has
// left open of it.
func (p *pass) search(ctx context.Context, open []openNode) error {
	w := p.worker()
	defer p.close()
	root, err := w.root()
	if err != nil {
		return err
	}
	var first []task
	switch {
	case len(open) > 0:
		if first, err = w.reopen(root, open); err != nil {
			return err
		}
	case root.ready == 0:
		return w.end(root)
	default:
		first = []task{{root, w.choose(root)}}
	}
	p.run(ctx, w, first)
	return p.err
}

// worker makes a worker of the pass.
func (p *pass) worker() *worker {
	w := &worker{pass: p, cache: map[at]*place{}, prints: map[sim.Footprint]uint32{}, sights: map[uint64]struct{}{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.workers = append(p.workers, w)
	w.number = uint64(len(p.workers))
	return w
}

// close ends the workers' worlds and takes over what they came to.
func (p *pass) close() {
	for _, w := range p.workers {
		p.steps.Add(int64(w.ticks % tickSteps))
		if w.machine == nil {
			continue
		}
		for _, id := range pointsReached(w.machine.run.World()) {
			p.found.reached = addTo(p.found.reached, id)
		}
		w.machine.run.Close()
	}
	slices.Sort(p.found.outcomes)
	f := &p.found.pass
	f.Name, f.Learned, f.Complete = p.name, p.learn, !p.stop.Load() && !p.short && p.err == nil
	f.Schedules, f.Pruned, f.Steps = p.schedules.Load(), p.pruned.Load(), p.steps.Load()
	f.States = p.states()
}

// errors that end a search are told once.
func (p *pass) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.stop.Store(true)
}

// cut counts a schedule that was cut off.
func (p *pass) cut() {
	p.pruned.Add(1)
	p.enough()
}

// enough stops the search when it has run as many schedules as were asked for.
func (p *pass) enough() {
	if n := p.options.Schedules; n > 0 && p.schedules.Load()+p.pruned.Load() >= int64(n) {
		p.halt(fmt.Sprintf("%s: stopped after %d schedules", p.name, n))
	}
}

// halt ends the pass before it is done, and says why.
func (p *pass) halt(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop.Store(true)
	if why != "" && !slices.Contains(p.found.missed, why) {
		p.found.missed = append(p.found.missed, why)
	}
}
