package lab

import (
	"cmp"
	"slices"
)

// past is the checkpoints of one target, in the order of their positions. It
// belongs to a pool, whose mutex guards it.
type past struct {
	pool *pool
	list []*checkpoint
}

// newPast returns a past without checkpoints that uses a pool.
func newPast(p *pool) *past {
	s := &past{pool: p}
	p.mu.Lock()
	p.pasts[s] = true
	p.mu.Unlock()
	return s
}

// search finds the place of a position in the list.
func (s *past) search(pos int) (int, bool) {
	return slices.BinarySearchFunc(s.list, pos, func(c *checkpoint, pos int) int { return cmp.Compare(c.pos, pos) })
}

// add takes in a checkpoint, in place of one of the same position, and thins
// out the old ones.
func (s *past) add(cp *checkpoint) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	i, found := s.search(cp.pos)
	if found {
		cp.pinned = s.list[i].pinned
		s.pool.dropped(s.list[i].image)
		s.list[i] = cp
	} else {
		s.list = slices.Insert(s.list, i, cp)
	}
	s.thin(keepAll)
}

// thin removes old checkpoints but those that are pinned. The caller holds the
// pool's mutex.
func (s *past) thin(keep int) {
	if len(s.list) == 0 {
		return
	}
	newest := s.list[len(s.list)-1].pos
	s.cut(func(cp *checkpoint) bool { return !cp.pinned && thinned(cp.pos, newest, keep) })
}

// cut removes the checkpoints that out picks. The caller holds the pool's mutex.
func (s *past) cut(out func(*checkpoint) bool) {
	s.list = slices.DeleteFunc(s.list, func(cp *checkpoint) bool {
		if !out(cp) {
			return false
		}
		s.pool.dropped(cp.image)
		return true
	})
}

// find returns the newest checkpoint at or before pos, nil when there is none.
// The caller drops its image.
func (s *past) find(pos int) *checkpoint {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	i, found := s.search(pos)
	if !found {
		i--
	}
	if i < 0 {
		return nil
	}
	s.list[i].image.refs++
	return s.list[i]
}

// nearest returns the position of the newest checkpoint at or before pos.
func (s *past) nearest(pos int) (at int, ok bool) {
	cp := s.find(pos)
	if cp == nil {
		return 0, false
	}
	s.pool.drop(cp.image)
	return cp.pos, true
}

// pin sets whether a checkpoint stays whatever its age, and says whether there
// is one.
func (s *past) pin(pos int, on bool) bool {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	i, found := s.search(pos)
	if found {
		s.list[i].pinned = on
	}
	return found
}

// remove removes one checkpoint.
func (s *past) remove(gone *checkpoint) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.cut(func(cp *checkpoint) bool { return cp == gone })
}

// forget removes the checkpoints at pos and after it.
func (s *past) forget(pos int) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.cut(func(cp *checkpoint) bool { return cp.pos >= pos })
}

// share returns the past of a target forked at pos.
func (s *past) share(pos int) *past {
	f := newPast(s.pool)
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for _, cp := range s.list {
		if cp.pos <= pos {
			cp.image.refs++
			same := *cp
			f.list = append(f.list, &same)
		}
	}
	return f
}

// close lets go of all. It may be called again.
func (s *past) close() error {
	s.pool.mu.Lock()
	if !s.pool.pasts[s] {
		s.pool.mu.Unlock()
		return nil
	}
	if len(s.pool.pasts) > 1 { // else it goes as a whole
		s.cut(func(*checkpoint) bool { return true })
	}
	s.list = nil
	s.pool.mu.Unlock()
	return s.pool.leave(s)
}
