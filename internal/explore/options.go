package explore

import (
	"fmt"
	"runtime"
)

// Strategy is how schedules are chosen.
type Strategy string

// The strategies.
const (
	Exhaustive Strategy = "exhaustive"  // every schedule that can make a difference
	Random     Strategy = "random"      // a ready thread at random at every step
	PCT        Strategy = "pct"         // random priorities, changed at Depth-1 random steps (Burckhardt et al., ASPLOS 2010)
	RoundRobin Strategy = "round-robin" // one schedule for each order of threads and each length of turn
)

// Strategies returns the names of the strategies.
func Strategies() []Strategy { return []Strategy{Exhaustive, Random, PCT, RoundRobin} }

// Options says how to search and when to stop. The zero value searches all.
type Options struct {
	Strategy Strategy // "" is Exhaustive
	// Bounds is how many passes with few preemptions come first: 0, 1, 2 ...
	// 0 stands for the default of 3, -1 for none.
	Bounds int
	// Preemptions stops after the pass with that many; 0 is no limit.
	Preemptions int
	Schedules   int // stop after so many schedules, 0: no limit (1000 for strategies that choose at random)
	Steps       int // stop after so many steps, 0: no limit
	// Length bounds one schedule; 0 is 20,000 steps. A longer one counts as not
	// covered.
	Length int
	// Memory bounds what a search keeps, of all workers together, in bytes; 0 is
	// 64 MiB. States, ends and steps learned that there is no room for lose no
	// schedule, they make the search slower; paths that there is no room for are
	// told of in Report.Missed.
	Memory int
	// Workers is how many goroutines search; 0 is one for each processor. What is
	// found does not depend on it; see the package's comment for what may.
	Workers int
	Seed    uint64 // Random, PCT
	Depth   int    // PCT: the depth of the mistakes looked for, 0: 3
	// All goes on after the first schedule that breaks a promise, so that the
	// report has one for every promise broken.
	All bool
	// File keeps the state of an exhaustive search that did not come to its
	// end, and lets it go on from there; "" keeps nothing.
	File string
	// Every takes every alternative at every state, in one pass that learns
	// nothing, forgets nothing and tells all threads apart: of what saves work
	// it keeps only that a state met before is not gone beyond again.
	Every bool
	// Plain does not keep that either: every schedule is run. It is
	// what the proof of the reduction compares with.
	Plain bool

	// Progress is told now and then how far an exhaustive search has come; nil:
	// nobody. It is called by one goroutine at a time.
	Progress func(Progress)

	strict    bool // a mistake of what is learned is an error
	sure      bool // each step is taken in a world, too, and compared
	solo      int  // steps before others join, 0: soloSteps
	saveEvery int  // schedules between two times the search is saved, 0: saveEvery
}

// Progress is how far a pass has come.
type Progress struct {
	Pass                             string
	Schedules, Pruned, Steps, States int64
}

func (o *Options) validate() error {
	if o.Strategy == "" {
		o.Strategy = Exhaustive
	}
	switch o.Strategy {
	case Exhaustive, Random, PCT, RoundRobin:
	default:
		return fmt.Errorf("no strategy %q: there are %v", o.Strategy, Strategies())
	}
	if o.Bounds == 0 {
		o.Bounds = 3
	}
	if o.Preemptions > 0 {
		o.Bounds = o.Preemptions + 1
	}
	if o.Length == 0 {
		o.Length = 20000
	}
	o.Length = min(o.Length, 1<<16-2)
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.solo == 0 {
		o.solo = soloSteps
	}
	if o.saveEvery == 0 {
		o.saveEvery = saveEvery
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Depth == 0 {
		o.Depth = 3
	}
	if o.Schedules == 0 && o.Strategy != Exhaustive {
		o.Schedules = 1000
	}
	return nil
}
