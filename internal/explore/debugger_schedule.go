package explore

import "example.org/kmodsh/internal/sim"

// ScheduleOf makes a schedule of what was done to a run of the problem after
// its set-up. The clock and the release of held threads are no part of it.
func ScheduleOf(p *Problem, actions []sim.Action) (Schedule, error) {
	run, err := p.start()
	if err != nil {
		return nil, err
	}
	defer run.Close()
	var s Schedule
	for _, a := range actions {
		if a.Kind == sim.DoStep {
			if t := run.World().Thread(a.Thread); t != nil {
				s = append(s, uint16(t.Index()))
			}
		}
		if err := run.Do(a); err != nil {
			return nil, err
		}
	}
	return s, nil
}
