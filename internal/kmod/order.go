package kmod

// follow is what a step of a plan has to wait for when steps may be taken at
// the same time. Steps are told by their numbers in the plan, and what it waits
// for comes earlier there; so whatever is done in the plan's own order fits.
//
// What is meant by "waits for": there is a way from one to the other, over any
// number of steps and gates. So a step that waits for all before it names those
// since the last that did, and one that waits for all steps of a module the last
// of them: however long a plan is, what is said of it is not much longer.
type follow struct {
	// after must have ended, well or not: steps, and gates by the number of steps
	// and theirs.
	after []int
	// needs are steps of after without which it is in vain: of each module that
	// the module's own line of modules.dep names the last. What failed before that
	// one, of the same module, counts as well.
	needs []int
	// before is the last step of the same module, -1 for none.
	before int
	// behind is the last step of the module that was asked for of those it waits
	// for by a rule of its own and not by way of other steps; -1 for none. Where
	// one failed the later ones do.
	behind int
}

// ordered is what all steps of a plan wait for.
type ordered struct {
	steps []follow
	// gates have nothing to do: each is passed when the steps and gates have ended
	// that it waits for.
	gates [][]int
}

// follows says for each step of a plan for module self what it has to wait for:
//
//   - a module waits for those it needs, and for an earlier step of its own;
//   - what a softdep line names stays in its order, with all that it brings in:
//     each of pre after the one before it, then the module, then each of post
//     (chain);
//   - the module that was asked for comes after all before it, and is in vain
//     without those of them that are not wanted softly (together.firstFailed);
//     so does one whose needs no index tells, which is not.
//
// Install commands, which may do anything, are alone (together.order).
func (p *planner) follows(steps []PlanStep, self string) (*ordered, error) {
	o := &ordered{steps: make([]follow, len(steps))}
	latest := map[string]int{} // step of a module
	asked, since := -1, 0      // the latest of self; from where on steps are not known to have ended
	for j, s := range steps {
		f := &o.steps[j]
		f.before, f.behind = -1, -1
		line, known, err := p.r.tree.lookup(indexDep, s.Module)
		if err != nil {
			return nil, err
		}
		var files []string
		if known {
			_, files = p.r.tree.depLine(line)
		}
		for _, file := range files {
			name := moduleNameOf(file)
			if i, ok := latest[name]; ok {
				f.needs, f.after = append(f.needs, i), append(f.after, i)
			}
			if name == self {
				f.behind = asked
			}
		}
		if i, ok := latest[s.Module]; ok {
			f.before, f.after = i, append(f.after, i)
		}
		if s.Module == self || s.Command != "" {
			f.behind = asked
		}
		isSelf := s.Module == self && !s.Soft
		if !known && !s.Builtin || isSelf {
			for ; since < j; since++ {
				f.after = append(f.after, since)
			}
			f.behind = asked // since is j: who waits for all waits for this one
		}
		if latest[s.Module] = j; isSelf {
			asked = j
		}
	}
	p.chain(o, steps)
	o.behindChains(steps, self)
	return o, nil
}

// gate makes a gate that waits for steps and gates, and returns its number.
func (o *ordered) gate(after ...int) int {
	o.gates = append(o.gates, after)
	return len(o.steps) + len(o.gates) - 1
}

// wait has a step or a gate wait for another.
func (o *ordered) wait(who, whom int) {
	if n := len(o.steps); who >= n {
		o.gates[who-n] = append(o.gates[who-n], whom)
		return
	}
	o.steps[who].after = append(o.steps[who].after, whom)
}
