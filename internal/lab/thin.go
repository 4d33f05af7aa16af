package lab

import "math/bits"

// keepAll is how many positions back all checkpoints are kept. Beyond that
// every second one is, twice as far every fourth, and so on: a thousand
// positions have some two hundred checkpoints, and going to one that has none
// means doing again at most a fraction of the way that lies between it and the
// present.
const keepAll = 64

// thinned says whether the checkpoint at pos is one to do without when the
// newest is at newest and the last keep positions are kept whole. It is decided
// by the position alone, so what is thinned out once is not wanted later; the
// beginning always stays. With keep 0 only the two ends do.
func thinned(pos, newest, keep int) bool {
	if pos <= 0 || newest-pos < max(1, keep) {
		return false
	}
	if keep == 0 {
		return true
	}
	level := bits.Len(uint((newest - pos) / keep))
	return pos&(1<<min(level, bits.UintSize-2)-1) != 0
}
