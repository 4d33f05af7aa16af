package sim

// AdvanceTo is Advance that moves the clock no further than limit, in virtual
// nanoseconds since boot; 0 is no limit. It says false when the clock cannot
// move: no time-out is due and there is no limit to go to.
func (w *World) AdvanceTo(limit int64) bool {
	if limit == 0 {
		return w.Advance()
	}
	if at, ok := w.NextTimer(); ok && at <= limit {
		return w.Advance()
	}
	if limit <= w.now {
		return false
	}
	w.now = limit
	return true
}
