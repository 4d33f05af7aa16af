package agent

// pause is the processor's PAUSE: an emulator that does the work of several
// processors in turn goes on to the next.
func pause()
