package explore

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"example.org/kmodsh/internal/sim"
)

// Problem is what is searched: a simulated kernel with threads that are ready
// to go, and the promises to be kept.
type Problem struct {
	// Name is for people and for the fingerprint, such as "seed/builtin-race".
	Name    string
	System  *sim.System
	Profile sim.Profile
	// Setup is done before the search begins, in order: spawns, faults and
	// settings; steps, too, where something is to be there already.
	Setup []sim.Action
	// Promises are checked of every schedule.
	Promises []Promise
}

// Fingerprint is a hash of all that a schedule depends on besides itself: the
// system, the profile with its switches, and the set-up.
func (p *Problem) Fingerprint() uint32 {
	h := fnv.New64a()
	fmt.Fprintf(h, "kmodsh schedule %d\n%s\n%s\n", tokenVersion, p.Name, p.System.Fingerprint())
	for _, s := range sim.Switches() {
		fmt.Fprintf(h, "%s=%s\n", s.Name, p.Profile.Get(s.Name))
	}
	for _, a := range p.Setup {
		fmt.Fprintf(h, "%s %s %d %d %s", a.Kind, a.Thread, a.N, a.Until, a.Value)
		if a.Task != nil {
			fmt.Fprintf(h, " task %q", a.Task.String()+" "+a.Task.Policy)
		}
		if a.Fault != nil {
			fmt.Fprintf(h, " fault %+v", *a.Fault)
		}
		fmt.Fprintln(h)
	}
	s := h.Sum64()
	return uint32(s ^ s>>32)
}

// start makes a run of the problem that is ready to be searched.
func (p *Problem) start() (*sim.Run, error) { return p.boot(sim.NewNames(), false, false) }

// boot makes a run that numbers by the given names. remember and same are what
// World.Remember takes.
func (p *Problem) boot(names *sim.Names, remember, same bool) (*sim.Run, error) {
	if p.System == nil {
		return nil, errors.New("a problem without a system")
	}
	run := sim.NewRun(p.System, p.Profile)
	run.World().Share(names)
	run.World().Remember(remember, same)
	for _, q := range p.Promises {
		if q.looks != nil {
			run.World().LookAt(q.looks)
		}
	}
	if err := p.prepare(run); err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

func (p *Problem) prepare(run *sim.Run) error {
	for i, a := range p.Setup {
		if err := run.Do(a); err != nil {
			return fmt.Errorf("set-up of %s, action %d (%s): %w", p.Name, i+1, a.Kind, err)
		}
	}
	run.World().TellApart()
	return nil
}

// Schedule says which thread went next at every step, each by its place in the
// order in which the run makes its threads. Moves of the clock are not in it:
// time moves when nobody else can, and then threads that are held are released,
// in the order in which they were made.
type Schedule []uint16

// Switches counts how often another thread goes on.
func (s Schedule) Switches() int {
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i] != s[i-1] {
			n++
		}
	}
	return n
}

func (s Schedule) String() string {
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] == s[i] {
			j++
		}
		fmt.Fprintf(&b, " %d*%d", s[i], j-i)
		i = j
	}
	return strings.TrimSpace(b.String())
}
