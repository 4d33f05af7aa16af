package kmod

import (
	"cmp"
	"slices"
)

// The order that softdep lines want. A chain is the parts of the probe list that
// one of them wants one after the other: a part is what one of its names brought
// in, with all that the softdep lines of those modules brought in, so parts lie
// beside each other or one within the other; or it is the one entry of a name that
// was in the list before, an old one. An entry in several parts of a chain belongs
// to the first. An entry waits for those of earlier parts that are before it in
// the list, too.
//
// That is told by gates, of which each part has two: what is in it waits for its
// begin, and its end for what is in it; so the number of gates is that of parts,
// and not that of pairs of entries.

// part is a part of a chain that the chain itself brought in.
type part struct {
	span
	begin, end int // gates
}

// chain adds to o what the chains of the list say of steps.
func (p *planner) chain(o *ordered, steps []PlanStep) {
	if len(p.chains) == 0 {
		return
	}
	at := make([]int, len(p.list)) // the step of an entry, -1 where it was left out
	for i := range at {
		at[i] = -1
	}
	for j, s := range steps {
		at[s.entry] = j
	}
	parts, own := p.parts(o)
	nest(o, parts, at)
	for i, chain := range p.chains {
		o.chain(chain, own[i], at)
	}
}

// parts makes the gates of all parts but the old ones. own are those of each chain,
// by the place of the part in it.
func (p *planner) parts(o *ordered) (all []*part, own []map[int]*part) {
	own = make([]map[int]*part, len(p.chains))
	for i, chain := range p.chains {
		own[i] = map[int]*part{}
		for k, s := range chain {
			if !s.old && s.from < s.to {
				own[i][k] = &part{span: s, begin: o.gate(), end: o.gate()}
				all = append(all, own[i][k])
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *part) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	return all, own
}

// nest ties the gates of parts to those of the parts they are within, and to the
// entries that no part within has.
func nest(o *ordered, parts []*part, at []int) {
	var open []*part
	for entry, step := range at {
		for len(open) > 0 && open[len(open)-1].to <= entry {
			open = open[:len(open)-1]
		}
		for len(parts) > 0 && parts[0].from == entry {
			if len(open) > 0 {
				around := open[len(open)-1]
				o.wait(parts[0].begin, around.begin)
				o.wait(around.end, parts[0].end)
			}
			open, parts = append(open, parts[0]), parts[1:]
		}
		if len(open) > 0 && step >= 0 {
			within := open[len(open)-1]
			o.wait(step, within.begin)
			o.wait(within.end, step)
		}
	}
}

// chain puts the parts of one chain one after the other.
func (o *ordered) chain(chain []span, own map[int]*part, at []int) {
	start := -1 // where in the list the first part of its own begins
	so := -1    // the gate that all parts so far are before
	var old []int
	seen := map[int]bool{}
	for k, s := range chain {
		if start < 0 && !s.old {
			start = s.from
		}
		switch {
		case own[k] != nil:
			if so >= 0 {
				o.wait(own[k].begin, so)
			}
			so = o.past(so, own[k].end)
		case s.old && (start < 0 || s.from < start) && !seen[s.from] && at[s.from] >= 0:
			seen[s.from] = true
			old = append(old, at[s.from])
			so = o.past(so, at[s.from])
		}
	}
	o.rising(old)
}

// past returns a gate that waits for another, unless that is -1, and one more.
func (o *ordered) past(gate, more int) int {
	if gate < 0 {
		return o.gate(more)
	}
	return o.gate(gate, more)
}

// rising has each of the steps, which differ, wait for those with lower numbers
// among the ones before it in the list. It returns them in rising order.
func (o *ordered) rising(list []int) []int {
	if len(list) < 2 {
		return list
	}
	left, right := o.rising(list[:len(list)/2]), o.rising(list[len(list)/2:])
	var out []int
	for lower := -1; len(left)+len(right) > 0; {
		if len(right) == 0 || len(left) > 0 && left[0] < right[0] {
			if len(right) > 0 {
				lower = o.past(lower, left[0])
			}
			out, left = append(out, left[0]), left[1:]
			continue
		}
		if lower >= 0 {
			o.wait(right[0], lower)
		}
		out, right = append(out, right[0]), right[1:]
	}
	return out
}

// behindChains finds the steps that wait for a step of module self by the order of
// a chain.
func (o *ordered) behindChains(steps []PlanStep, self string) {
	if len(o.gates) == 0 {
		return
	}
	then := make([][]int, len(o.steps)+len(o.gates)) // who waits for it over gates alone
	for j, f := range o.steps {
		for _, a := range f.after {
			if a >= len(o.steps) {
				then[a] = append(then[a], j)
			}
		}
	}
	for g, after := range o.gates {
		for _, a := range after {
			then[a] = append(then[a], len(o.steps)+g)
		}
	}
	been := make([]bool, len(then))
	for i, s := range slices.Backward(steps) { // the last first: that is the one to find
		if s.Module != self || s.Soft {
			continue
		}
		for way := slices.Clone(then[i]); len(way) > 0; {
			at := way[len(way)-1]
			way = way[:len(way)-1]
			switch {
			case been[at]:
			case at < len(o.steps):
				o.steps[at].behind = max(o.steps[at].behind, i)
			default:
				been[at] = true
				way = append(way, then[at]...)
			}
		}
	}
}
