package kmod

import (
	"errors"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// withSoft adds a module to the list between its soft dependencies (libkmod,
// __kmod_module_fill_softdep). Only the first softdep line that matches a
// module counts, and a module with soft dependencies ignores its install line.
//
// A module that many need comes here for each of them. Once all that its line names
// has its place, the list gets the module alone, which the line wants behind what it
// was behind before; chains of all its names for each of its
// users would be as long as one count times the other.
func (p *planner) withSoft(m *planModule) error {
	if m.settled {
		p.add(m)
		return nil
	}
	var pre, post []*planModule
	var err error
	for _, l := range p.r.about(ConfigSoftdep, m.name) {
		if !globMatch(l.Name, m.name) {
			continue
		}
		if pre, err = p.lookupSoft(l.Pre, m, l); err != nil {
			return err
		}
		if post, err = p.lookupSoft(l.Post, m, l); err != nil {
			return err
		}
		break
	}
	settled := !m.tells
	for _, s := range slices.Concat(pre, post) {
		settled = settled && s.visited && s.at > 0
	}
	var chain []span
	soft := func(list []*planModule) error {
		for _, s := range list {
			from := len(p.list)
			if err := p.probe(s, false, false); err != nil {
				return err
			}
			if s.at > 0 && s.at <= from { // it has a place already
				chain = append(chain, span{s.at - 1, s.at, true})
			}
			chain = append(chain, span{from, len(p.list), false})
		}
		return nil
	}
	if err := soft(pre); err != nil {
		return err
	}
	chain = append(chain, span{len(p.list), len(p.list) + 1, false})
	p.add(m)
	m.bare = len(pre) > 0 || len(post) > 0
	if err := soft(post); err != nil {
		return err
	}
	if m.bare {
		p.chains = append(p.chains, chain)
	}
	m.settled = settled
	return nil
}

// lookupSoft resolves the names of a softdep line. What is no name, or stands
// for nothing, is left out.
func (p *planner) lookupSoft(names []string, m *planModule, l ConfigLine) ([]*planModule, error) {
	var out []*planModule
	for _, name := range names {
		mods, ok := p.soft[name]
		if !ok {
			found, err := p.r.softNamed(name)
			if errors.Is(err, kernel.ErrInvalidName) {
				m.tells = true // each line that has it is told of
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, f := range found {
				if err := p.r.complete(&f); err != nil {
					return nil, err
				}
				mods = append(mods, p.fromFound(f))
			}
			p.soft[name] = mods
		}
		for _, s := range mods {
			if s.because == "" {
				s.because = fmt.Sprintf("softdep of %s at %s", m.name, l.Where())
			}
		}
		out = append(out, mods...)
	}
	return out, nil
}
