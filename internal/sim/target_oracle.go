package sim

// What a search of another target asks of a simulated kernel that is moved
// beside it: which moves touch what, and which states are the same.

// Track turns on that Touched and StateHash can be asked, from now on. It costs
// each step some time.
func (t *Target) Track() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.track = true
	// Whether threads that do the same are told apart has to be known when they
	// are made.
	t.run.world.Remember(false, true)
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
	w.points = old.points
}
