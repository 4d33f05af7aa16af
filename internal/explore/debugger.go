package explore

import (
	"context"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// Oracle is a simulated kernel that is moved beside the target that is
// searched. It is set up alike.
type Oracle interface {
	kernel.Debugger
	// Track turns on that the others can be asked, and tells what will be looked
	// at besides.
	Track(...*sim.Looks) error
	// Touched says whether the steps since the last call touched anything that
	// threads share.
	Touched() bool
	// StateHash names the present state, 0 where it has no name.
	StateHash() uint64
}

// LivePromise is a promise that is asked of what any target shows: after every move
// and at the end. It answers how the promise was broken, "" when it was kept.
type LivePromise struct {
	Name, Says string
	Ask        func(*kernel.Snapshot) string
	// Plain: it is one of the promises of the table, which look at nothing but
	// what Promise.plain says. Looks is what another one looks at, nil: not known.
	Plain bool
	Looks *Looks
}

// Live is what SearchDebugger searches: a target whose threads are ready to go.
type Live struct {
	Name   string
	Target kernel.Debugger
	Points walk.Points
	// Oracle, nil for none, says which moves need not be tried: those that lead
	// to a state the search has been in, and those that change places with all
	// others.
	Oracle   Oracle
	Promises []LivePromise
	// Keep, nil for none, keeps the target's present position under a name and
	// returns what to open to begin there.
	Keep func(ctx context.Context, name string) (string, error)
	// Progress is told of each schedule that came to its end; nil is not.
	Progress func(schedules, moves int64)
}

// LiveReport is what such a search found. Its steps are moves, from one stop to
// the next, and its Broken schedules are those of the oracle.
type LiveReport struct {
	Report
	Violations []Violation `json:"violations"`
	// Foretold are moves that were not made since the oracle knew where they
	// lead; Again are moves made a second time to come back to a branch.
	Foretold int64 `json:"foretold"`
	Again    int64 `json:"again"`
	// Pointed are the schedules that the oracle's own search says break a
	// promise: they were tried first.
	Pointed [][]string `json:"pointed"`
	// Strayed are the moves after which oracle and target differed, at most
	// maxStrayed of them: from there on every branch was tried.
	Strayed []Strayed `json:"strayed"`
}

// Strayed is a move after which the oracle did not show what the target did.
type Strayed struct {
	Moves  []string `json:"moves"`
	Differ []string `json:"differ"`
}

const maxStrayed = 10

// Violation is a schedule that breaks a promise on the target.
type Violation struct {
	Promise string   `json:"promise"`
	Says    string   `json:"says"`
	Moves   []string `json:"moves"` // the threads moved, by name, in order
	Outcome string   `json:"outcome,omitempty"`
	// Opens is what was kept of the target as it was before the last move.
	Opens string `json:"opens,omitempty"`
	// Actions are all the oracle's, set-up included, and Setup how many of them
	// are that; none when it strayed.
	Actions []sim.Action `json:"-"`
	Setup   int          `json:"-"`
}

// spot is a place of the search: what there is after the moves that led to it.
type spot struct {
	parent *spot
	choice string // the move that led here
	depth  int
	cost   int  // preemptions on the way
	synced bool // the oracle goes along
	clock  bool // the clock has moved, or a held thread was released, on the way
	last   string
	ready  []string
	mark   walk.Mark
	omark  walk.Mark
	saved  int  // moves made since the last place that the target keeps
	pinned bool // the target keeps this one
}

// branch is a move that is still to be made.
type branch struct {
	from   *spot
	thread string
	cost   int
	hash   uint64 // where the oracle says that it leads, 0 unknown
	mover  string // who can go on from there without a preemption
	alone  bool   // it changes places with all others, and is the only one made there
	onWay  bool   // the oracle's own search went there to break a promise
}

// live is a search under way.
type live struct {
	Live
	o       Options
	r       *LiveReport
	w, ow   *walk.Walker
	state   *walk.State
	ostate  *walk.State
	present *spot
	todo    [][]branch     // by cost; the last is the next
	first   []branch       // those that come before all others; the last is the next
	sparing kernel.Sparing // the target, when it keeps places only where asked
	simple  bool           // the oracle's own search: no other is asked before
	watches bool           // some promise looks at more than the table's do
	blind   bool           // and nobody knows at what
	seen    map[uint64]bool
	points  map[string]bool
	passes  []Pass
	apart   map[string]bool
	others  map[string]bool // modules on which others than modules hold references, from the beginning
	setup   int             // oracle's actions before the search
	stop    string
}

// SearchDebugger searches the schedules of a target whose past can be gone back
// to: from each place every thread that can move is moved, those with the
// fewest preemptions first. It ends at the first promise broken unless
// Options.All, at the bounds of the options, or when all was tried.
func SearchDebugger(ctx context.Context, p Live, o Options) (*LiveReport, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return newLive(p, o).run(ctx)
}

func newLive(p Live, o Options) *live {
	return &live{Live: p, o: o, seen: map[uint64]bool{}, points: map[string]bool{}, r: &LiveReport{
		Report:     Report{Problem: p.Name, Strategy: Exhaustive, Missed: []string{}, Outcomes: []string{}, Broken: []Broken{}, Passes: []Pass{}, Reached: []string{}},
		Violations: []Violation{}, Strayed: []Strayed{}, Pointed: [][]string{},
	}}
}

func (s *live) run(ctx context.Context) (*LiveReport, error) {
	root, err := s.begin(ctx)
	if s.sparing != nil {
		defer s.sparing.Spare(false)
	}
	if err == nil {
		err = s.search(ctx, root)
	}
	s.finish(ctx)
	return s.r, err
}

// begin brings target and oracle to rest where they are.
func (s *live) begin(ctx context.Context) (*spot, error) {
	var err error
	if s.w, err = walk.New(ctx, s.Target, s.Points); err != nil {
		return nil, err
	}
	if sp, ok := s.Target.(kernel.Sparing); ok {
		s.sparing = sp
		sp.Spare(true)
	}
	n := &spot{synced: s.Oracle != nil}
	if n.synced {
		snap, err := s.Oracle.Snapshot(ctx)
		if err == nil {
			err = s.Oracle.Track(s.looks(snap)...)
		}
		if err != nil {
			return nil, fmt.Errorf("the oracle: %w", err)
		}
		if s.ow, err = walk.New(ctx, s.Oracle, s.Points); err != nil {
			return nil, err
		}
		s.setup, _ = s.Oracle.Pos()
	}
	s.apart = map[string]bool{}
	if err := s.rest(ctx, n, nil); err != nil {
		return nil, err
	}
	if n.synced {
		s.setApart()
	}
	s.others = map[string]bool{}
	for _, m := range s.state.Modules {
		if m.Refs != int64(len(m.Users)) {
			s.others[m.Name] = true
		}
	}
	s.mark(n)
	if err := s.save(ctx, n); err != nil || !n.synced || s.simple {
		return n, err
	}
	s.r.Pointed, err = s.point(ctx)
	return n, err
}

// looks is what the promises look at that are not of the table. Where that is
// not known, or is a thread that is not there yet, the search is blind: no
// alternative is left out.
func (s *live) looks(snap *kernel.Snapshot) []*sim.Looks {
	var list []*sim.Looks
	for _, p := range s.Promises {
		if p.Plain {
			continue
		}
		s.watches = true
		if p.Looks == nil || slices.ContainsFunc(p.Looks.Threads, func(id string) bool { return snap.Thread(id) == nil }) {
			s.blind = true
			continue
		}
		list = append(list, p.Looks)
	}
	return list
}

// finish fills in the report.
func (s *live) finish(ctx context.Context) {
	r := s.r
	switch {
	case s.stop != "":
		r.Missed = append(r.Missed, s.stop)
	case ctx.Err() != nil:
		r.Missed = append(r.Missed, "the time was up")
	case len(r.Violations) > 0 && !s.o.All:
		r.Missed = append(r.Missed, "what comes after the first schedule that breaks a promise")
	default:
		r.Complete = true
	}
	if len(r.Strayed) > 0 && r.Foretold > 0 {
		r.Complete = false
		r.Missed = append(r.Missed, fmt.Sprintf("%d moves that were not made on the word of a simulated kernel that turned out not to be like the target: without it (--oracle none) all are made", r.Foretold))
	}
	for i := range s.passes {
		s.passes[i].Complete = r.Complete || i < len(s.passes)-1
	}
	r.Passes = append(r.Passes, s.passes...)
	for _, p := range trace.Points() {
		if s.points[p.ID] {
			r.Reached = append(r.Reached, p.ID)
		} else {
			r.Unreached = append(r.Unreached, p.ID)
		}
	}
	slices.Sort(r.Outcomes)
}

// moves are the threads moved to come to a place.
func (n *spot) moves() []string {
	list := make([]string, 0, n.depth)
	for ; n.parent != nil; n = n.parent {
		list = append(list, n.choice)
	}
	slices.Reverse(list)
	return list
}

// pass is the part of the report for so many preemptions.
func (s *live) pass(cost int) *Pass {
	for len(s.passes) <= cost {
		name := fmt.Sprintf("%d preemptions", len(s.passes))
		if len(s.passes) == 1 {
			name = "1 preemption"
		}
		s.passes = append(s.passes, Pass{Name: name})
	}
	return &s.passes[cost]
}
