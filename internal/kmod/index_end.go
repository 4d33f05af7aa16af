package kmod

// checkEnd reads the last node of an index, to tell a file that was cut off: where
// parents come first, as kmod 34 writes them, all that is asked for may lie before
// the cut, and the rest would be missing in silence. Where children come first the
// root is at the end, and is read for every lookup.
func (b *binIndex) checkEnd() error {
	at := b.root
	for range maxIndexKey {
		n, err := b.node(at)
		if err != nil {
			return err
		}
		child := uint32(0)
		if n.last >= n.first {
			if child, err = b.child(n, n.last); err != nil {
				return err
			}
		}
		if child == 0 {
			w := binWalk{b: b}
			return w.values(n, "", maxIndexValues)
		}
		at = child
	}
	return damaged(b.file, int64(at&indexOffsetMask), "its nodes go in circles, or keys are too long")
}
