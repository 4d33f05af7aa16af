package explore

import "fmt"

// step makes the step of thread k from n; c becomes the state after it.
func (w *worker) step(n, c *node, k int) error {
	v := &c.via
	v.key, v.index = int8(k), n.indexOf(k)
	if w.learn {
		p := w.place(n, k)
		m := p.find(&n.im)
		if m == nil {
			var err error
			if m, err = w.learnMove(n, k, v.index); err != nil {
				return err
			}
			if w.memory.take(m.bytes()) {
				p.add(m)
			}
		}
		c.im = n.im
		m.make(&c.im)
		v.footprint = m.footprint
		if w.options.sure {
			if err := w.compare(n, c, v); err != nil {
				return err
			}
		}
		w.see(n, c)
		if len(m.broken) > 0 {
			c.settle()
			for _, b := range m.broken {
				w.judge(c, &w.problem.Promises[b.promise], b.says)
			}
		}
	} else if err := w.takeStep(n, c, v.index); err != nil {
		return err
	}
	c.settle()
	if w.machine != nil {
		w.machine.came(c)
	}
	if err := w.lookOut(n, c); err != nil {
		return err
	}
	w.stepped(c)
	return nil
}

// place is where thread k stands. One that there is no memory for is forgotten.
func (w *worker) place(n *node, k int) *place {
	x := at{k, n.im.Threads[k].History}
	p := w.cache[x]
	if p == nil {
		if p = w.model.place(x, w.memory); w.memory.take(cacheBytes) {
			w.cache[x] = p
		}
	}
	return p
}

// compare holds a step that was made of what is learned to the same one taken in
// the world.
func (w *worker) compare(n, c *node, v *step) error {
	if err := w.boot(); err != nil {
		return err
	}
	m := w.machine
	if err := m.step(n, v.index); err != nil {
		return fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	if f := m.run.World().Footprint(); m.after != c.im || f != v.footprint {
		return fmt.Errorf("%s: %w: step %d, of thread %d: parts %v, footprint %v for %v", w.problem.Name, errUnlike, c.depth, v.key, c.im.Changes(&m.after, nil), v.footprint, f)
	}
	return nil
}

// learnMove takes the step in the world.
func (w *worker) learnMove(n *node, k int, index int8) (*move, error) {
	if err := w.boot(); err != nil {
		return nil, err
	}
	m := w.machine
	if err := m.reach(n); err != nil {
		return nil, fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	was := w.ask()
	if err := m.step(n, index); err != nil {
		return nil, fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	world := m.run.World()
	mv := learned(&n.im, &m.after, k, world.Footprint(), world.Asked())
	for i, says := range w.ask() {
		if says != "" && was[i] == "" {
			mv.broken = append(mv.broken, breach{i, says})
		}
	}
	return mv, nil
}

// ask asks the promises about what a step changes, in the order of the problem's
// promises.
func (w *worker) ask() []string {
	says := make([]string, len(w.problem.Promises))
	for i, p := range w.problem.Promises {
		if p.plain && p.Step != nil {
			says[i] = p.Step(w.machine.run)
		}
	}
	return says
}

// takeStep takes the step in the world, as every step is taken where nothing is
// learned.
func (w *worker) takeStep(n, c *node, index int8) error {
	if err := w.boot(); err != nil {
		return err
	}
	m := w.machine
	if err := m.step(n, index); err != nil {
		return fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	c.im = m.after
	c.via.footprint = m.run.World().Footprint()
	w.see(n, c)
	for i := range w.problem.Promises {
		if p := &w.problem.Promises[i]; p.Step != nil {
			w.judge(c, p, p.Step(m.run))
		}
	}
	return nil
}
