package agent

import (
	"context"
	"errors"
	"time"
)

// step moves one thread until it stands again, and all others do. stuck says
// in words why it cannot be moved.
// With free it does not stop at points, and it stands at its end, in a wait, or
// where a fault holds it.
func (s *stepper) step(ctx context.Context, id string, free bool) (stuck string, err error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.settle(ctx); err != nil {
		return "", err
	}
	t, err := s.thread(id)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if t.stand != standStopped && t.stand != standFresh {
		defer s.mu.Unlock()
		return t.where(), nil
	}
	if !free {
		s.letGo(t)
		return "", s.settle(ctx)
	}
	t.free = true
	ties := s.ties
	s.mu.Unlock()
	if ties != nil {
		if err := ties.untie([]int{t.pid}); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	if t.stand != standStopped && t.stand != standFresh { // a thread that was untied may have gone on
		s.mu.Unlock()
	} else {
		s.letGo(t)
	}
	err = s.settle(ctx)
	return "", errors.Join(err, s.tie())
}

// tie makes all threads stop at points again.
func (s *stepper) tie() error {
	s.mu.Lock()
	var pids []int
	for _, t := range s.threads {
		if t.free && t.stand != standDone && t.pid != 0 {
			pids = append(pids, t.pid)
		}
		t.free = false
	}
	ties := s.ties
	s.mu.Unlock()
	if ties == nil {
		return nil
	}
	return ties.retie(pids)
}

// freePatience is how long nobody of a crowd that was let go may come anywhere
// while one is on its way, before that is an error, in nanoseconds: a thousand
// helpers start one after the other.
const freePatience = 3 * standPatience

// freeAll lets every thread go on without a stop at points, until nobody
// moves by himself any more or limit nanoseconds are over; 0 is no limit.
func (s *stepper) freeAll(ctx context.Context, limit int64) (err error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	defer func() {
		s.lookAll() // in a crowd not everybody was looked at
		err = errors.Join(err, s.tie())
	}()
	s.mu.Lock()
	var ready []*thread
	var pids []int
	for _, t := range s.threads {
		if t.stand == standHeld || t.stand == standDelayed || t.stand == standDone {
			continue // who is untied goes on at once
		}
		t.free = true
		if t.pid != 0 {
			pids = append(pids, t.pid)
		}
		if t.stand == standStopped || t.stand == standFresh {
			ready = append(ready, t)
		}
	}
	ties := s.ties
	s.mu.Unlock()
	if ties != nil {
		if err := ties.untie(pids); err != nil {
			return err
		}
	}
	for _, t := range ready {
		s.mu.Lock()
		if t.stand == standStopped || t.stand == standFresh {
			s.letGo(t)
		} else {
			s.mu.Unlock()
		}
	}
	end := s.now() + limit // to let a crowd go takes time, too
	pause := lookRarely
	quiet, version := s.now(), uint64(0)
	for {
		s.mu.Lock()
		news := s.news
		moving, running := false, false
		var loose *thread
		// As in settle: again until nothing is new.
		for before := s.version - 1; !moving && before != s.version; {
			before, news = s.version, s.news
			for _, t := range s.threads {
				running = running || t.stand == standRunning
				if loose == nil && t.stand == standRunning && !s.stands(t) {
					loose = t
				}
				moving = moving || loose != nil || t.stand == standDelayed || t.stand == standBlocked && (t.timed || !s.stands(t))
			}
		}
		if s.version != version {
			quiet, version = s.now(), s.version
		}
		s.mu.Unlock()
		left := end - s.now()
		if !moving || limit > 0 && left <= 0 {
			return nil
		}
		if silence := s.now() - quiet; loose != nil && silence > freePatience && silence > s.reported(loose) {
			return s.astray(loose, silence)
		}
		wait := pause
		if limit > 0 {
			wait = min(wait, time.Duration(left))
		}
		heard, err := hears(ctx, news, wait)
		if err != nil {
			return err
		}
		if pause = min(2*pause, lookAsleep); heard || running {
			pause = lookRarely
		}
	}
}

// lookAll looks at every thread, and notes how it stands.
func (s *stepper) lookAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		s.stands(t)
	}
}

// waiting counts the threads that wait for what words say.
func (s *stepper) waiting(words string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		if t.stand == standBlocked && t.waits == words {
			n++
		}
	}
	return n
}

// hears waits for news, but no longer than wait, and says whether there are any.
func hears(ctx context.Context, news <-chan struct{}, wait time.Duration) (bool, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-news:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// settle waits until every thread stands.
func (s *stepper) settle(ctx context.Context) error {
	pause := lookEvery
	for {
		s.mu.Lock()
		var news chan struct{}
		var loose *thread
		// Who was looked at first may wait for one that is seen to have ended
		// after: all are looked at again until nothing is new.
		for before := s.version - 1; before != s.version; {
			before, news, loose = s.version, s.news, nil
			for _, t := range s.threads {
				if !s.stands(t) && loose == nil {
					loose = t
				}
			}
		}
		silence := int64(0)
		if loose != nil {
			silence = s.now() - loose.since
		}
		s.mu.Unlock()
		if loose == nil {
			return nil
		}
		if silence > standPatience && silence > s.reported(loose) {
			return s.astray(loose, silence)
		}
		heard, err := hears(ctx, news, pause)
		if err != nil {
			return err
		}
		if pause = min(2*pause, lookRarely); heard {
			pause = lookEvery
		}
	}
}

// await waits until a thread can be moved that could not, or has ended, but no
// longer than limit nanoseconds, or than any thread moves by itself when limit
// is 0. It waits the whole limit when nothing happens.
func (s *stepper) await(ctx context.Context, limit int64) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	end := s.now() + limit
	pause := lookEvery
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		news := s.news
		ready, timed := false, false
		for _, t := range s.threads {
			ready = ready || t.stand == standStopped || t.stand == standFresh
			timed = timed || t.stand == standDelayed || t.stand == standBlocked && t.timed
		}
		s.mu.Unlock()
		left := end - s.now()
		if ready || limit == 0 && !timed || limit > 0 && left <= 0 {
			return nil
		}
		wait := pause
		if limit > 0 {
			wait = min(wait, time.Duration(left))
		}
		heard, err := hears(ctx, news, wait)
		if err != nil {
			return err
		}
		if pause = min(2*pause, lookAsleep); heard {
			pause = lookEvery
		}
	}
}
