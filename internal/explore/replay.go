package explore

import (
	"fmt"

	"example.org/kmodsh/internal/sim"
)

// Replay does the set-up of the problem and takes the schedule's steps, and
// then whatever is left to do: each thread in its turn to its end. The run has
// all its events and can go back; the caller closes it. A schedule that names a
// thread that cannot go is an error.
func Replay(p *Problem, s Schedule) (*sim.Run, error) {
	run, err := p.start()
	if err != nil {
		return nil, err
	}
	for i, index := range s {
		if err := settleRun(run); err != nil {
			run.Close()
			return nil, err
		}
		w := run.World()
		if int(index) >= w.Len() {
			run.Close()
			return nil, fmt.Errorf("step %d of the schedule is by thread %d, and there are %d", i+1, index, w.Len())
		}
		if err := run.Do(sim.Action{Kind: sim.DoStep, Thread: w.At(int(index)).ID}); err != nil {
			run.Close()
			return nil, fmt.Errorf("step %d of the schedule: %w", i+1, err)
		}
	}
	for range maxTokenSteps {
		if err := settleRun(run); err != nil {
			run.Close()
			return nil, err
		}
		ready := run.World().Runnable(nil)
		if len(ready) == 0 {
			return run, nil
		}
		if err := run.Do(sim.Action{Kind: sim.DoStep, Thread: ready[0].ID}); err != nil {
			run.Close()
			return nil, err
		}
	}
	run.Close()
	return nil, fmt.Errorf("%s does not come to an end within %d steps", p.Name, maxTokenSteps)
}

// settleRun is settle by actions, which a run can take again.
func settleRun(run *sim.Run) error {
	for !run.World().Movable() {
		a := sim.Action{Kind: sim.DoAdvance}
		if _, timer := run.World().NextTimer(); !timer {
			held := run.World().FirstHeld()
			if held == nil {
				return nil
			}
			a = sim.Action{Kind: sim.DoRelease, Thread: held.ID}
		}
		if err := run.Do(a); err != nil {
			return err
		}
	}
	return nil
}
