package sim

// What a search of another target asks of a simulated kernel that is moved
// beside it: which moves touch what, and which states are the same.

// Track turns on that Touched and StateHash can be asked, from now on. It costs
// each step some time.
func (t *Target) Track() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.track = true
	t.run.world.Track(true)
}

// Touched returns what the steps taken since the last call read and wrote, and
// whether that was anything at all that threads share.
func (t *Target) Touched() (f Footprint, shared bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, t.touched = t.touched, Footprint{}
	g := f
	g.Reads[0] &^= 1 << resEverything // every step reads what only a person changes
	return f, !g.Reads.Empty() || !g.Writes.Empty() || g.Sleeps|g.Wakes != 0
}

// StateHash names the target's state: two states with the same have the same
// future.
func (t *Target) StateHash() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.run.world.StateHash()
}

// touch adds what the last step did.
func (t *Target) touch() {
	if t.track {
		f := t.run.world.Footprint()
		t.touched.Add(&f)
	}
}

// numberAs takes over which numbers an earlier world of the same run gave to
// what it met, so that the same state has the same StateHash in both.
func (w *World) numberAs(old *World) {
	w.modules, w.named, w.family, w.keys, w.points = old.modules, old.named, old.family, old.keys, old.points
}
