package agent

import (
	"fmt"
	"slices"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// faultsMax bounds the faults in force.
const faultsMax = 256

// faultPlan is the faults in force for threads that stop at points. They strike
// where a thread arrives.
type faultPlan struct{ list []kernel.Fault }

// effect is what the faults in force do to a thread at a point.
type effect struct {
	hold  bool
	delay time.Duration
	fail  int
}

func (p *faultPlan) add(f kernel.Fault) error {
	if len(p.list) >= faultsMax {
		return fmt.Errorf("there are %d faults in force: that is the limit", faultsMax)
	}
	f.Hits = 0
	p.list = append(p.list, f)
	return nil
}

func (p *faultPlan) remove(number int) bool {
	n := len(p.list)
	p.list = slices.DeleteFunc(p.list, func(f kernel.Fault) bool { return f.Number == number })
	return len(p.list) < n
}

// strike counts the arrival of a thread at a point and returns what is to
// become of it: as on the simulated kernel, the longest delay and the last
// errno of all faults that apply.
func (p *faultPlan) strike(t *thread, point, module string) (e effect) {
	for i := range p.list {
		f := &p.list[i]
		if f.Fail != 0 && !isStage(point) {
			continue // the driver's
		}
		if f.Point != point || f.Thread != "" && f.Thread != t.id || f.Module != "" && f.Module != module {
			continue
		}
		f.Hits++
		if f.Hit != 0 && f.Hits != f.Hit {
			continue
		}
		e.hold = e.hold || f.Hold
		e.delay = max(e.delay, f.Delay)
		if f.Fail != 0 {
			e.fail = f.Fail
		}
	}
	return e
}
