package kmod

import "slices"

// follow is what a step of a plan has to wait for when steps may be taken at
// the same time. The numbers are those of earlier steps of the plan, in rising
// order; so whatever is done in the plan's own order fits.
type follow struct {
	// after must have ended, well or not.
	after []int
	// needs are those of after without which the step is in vain: the modules
	// that the module's own line of modules.dep names.
	needs []int
}

// follows says for each step of a plan for module self what it has to wait for:
//
//   - a module waits for those it needs, and for an earlier step of its own;
//   - what a softdep line names stays in its order, with all that it brings in:
//     each of pre after the one before it, then the module, then each of post;
//   - the module that was asked for comes after all before it, and so does one
//     whose needs no index tells.
//
// Install commands, which may do anything, are alone (together.order).
func (p *planner) follows(steps []PlanStep, self string) ([]follow, error) {
	out := make([]follow, len(steps))
	for j, s := range steps {
		line, known, err := p.r.tree.lookup(indexDep, s.Module)
		if err != nil {
			return nil, err
		}
		var files []string
		if known {
			_, files = p.r.tree.depLine(line)
		}
		needs := map[string]bool{}
		for _, f := range files {
			needs[moduleNameOf(f)] = true
		}
		last := !known && !s.Builtin || s.Module == self && !s.Soft
		for i, earlier := range steps[:j] {
			needed := needs[earlier.Module] || s.Module == self && !s.Soft && !earlier.Soft
			if needed {
				out[j].needs = append(out[j].needs, i)
			}
			if last || needed || earlier.Module == s.Module || p.inChain(earlier.entry, s.entry) {
				out[j].after = append(out[j].after, i)
			}
		}
	}
	return out, nil
}

// inChain says that a softdep line wants the entry a of the list before b.
func (p *planner) inChain(a, b int) bool {
	part := func(chain []span, entry int) int {
		return slices.IndexFunc(chain, func(s span) bool { return s.from <= entry && entry < s.to })
	}
	for _, chain := range p.chains {
		i := part(chain, a)
		if j := part(chain, b); i >= 0 && j >= 0 && i < j {
			return true
		}
	}
	return false
}
