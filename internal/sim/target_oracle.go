package sim

import "context"

// What a search of another target asks of a simulated kernel that is moved
// beside it: which moves touch what, and which states are the same.

// Track turns on that Touched and StateHash can be asked, from now on. It costs
// each step some time. Threads that were spawned to do the same are held for the
// same unless they have begun, or ended, by now, or are looked at by name: a
// search that begins here begins with each of those in a place of its own.
func (t *Target) Track(looks ...*Looks) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.track = true
	// All this has to be known when threads are made.
	w := t.run.world
	w.Remember(false, true)
	for _, l := range append(looks, &Looks{Threads: w.begun()}) {
		w.LookAt(l)
	}
	pos := t.run.Pos()
	if err := t.run.Goto(0); err != nil {
		return err
	}
	if err := t.run.Goto(pos); err != nil {
		return err
	}
	t.run.world.Track(true)
	return nil
}

// begun are the IDs of the threads that have gone a step.
func (w *World) begun() []string {
	var ids []string
	for _, t := range w.threads {
		if t.seen.history != t.seen.class {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// Advance moves the clock to what is due next, also where threads could go on.
func (t *Target) Advance(ctx context.Context) error {
	return t.act(ctx, Action{Kind: DoAdvance})
}

// Touched says whether the steps taken since the last call read or wrote
// anything that threads share.
func (t *Target) Touched() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	touched := t.touched
	t.touched = false
	return touched
}

// StateHash names the target's state: two states with the same have the same
// future. It is 0 where the state has no name: of too many threads.
func (t *Target) StateHash() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var im Image
	if !t.run.world.Image(&im) {
		return 0
	}
	return im.Hash(-1, nil) | 1
}

// touch notes what the last step did.
func (t *Target) touch() {
	if t.track && !t.touched {
		f := t.run.world.Footprint()
		f.Reads[0] &^= 1 << resEverything // every step reads what only a person changes
		t.touched = f != Footprint{} || t.run.world.Asked() != Asked{}
	}
}

// numberAs takes over how an earlier world of the same run numbered what it
// met, so that the same state has the same StateHash in both.
func (w *World) numberAs(old *World) {
	w.Share(old.names)
	w.Remember(old.remember, old.same)
	w.apart, w.countsPermits = old.apart, old.countsPermits
	w.points = old.points
}
