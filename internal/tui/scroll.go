package tui

// scroller is a cursor over n lines of which h show.
type scroller struct {
	cursor, off, n, h int
}

// act moves the cursor; it says whether a was a movement.
func (s *scroller) act(a action) bool {
	switch a {
	case actUp:
		s.cursor--
	case actDown:
		s.cursor++
	case actPageUp:
		s.cursor -= max(1, s.h-1)
	case actPageDown:
		s.cursor += max(1, s.h-1)
	case actTop:
		s.cursor = 0
	case actBottom:
		s.cursor = s.n - 1
	default:
		return false
	}
	s.clamp()
	return true
}

// set tells how many lines there are and how many show.
func (s *scroller) set(n, h int) {
	s.n, s.h = n, max(1, h)
	s.clamp()
}

func (s *scroller) clamp() {
	s.cursor = max(0, min(s.cursor, s.n-1))
	if s.cursor < s.off {
		s.off = s.cursor
	}
	if s.cursor >= s.off+s.h {
		s.off = s.cursor - s.h + 1
	}
	s.off = max(0, min(s.off, s.n-s.h))
}

// view moves what shows without a cursor, for text that is only read.
func (s *scroller) view(a action) bool {
	switch a {
	case actUp:
		s.off--
	case actDown:
		s.off++
	case actPageUp:
		s.off -= max(1, s.h-1)
	case actPageDown:
		s.off += max(1, s.h-1)
	case actTop:
		s.off = 0
	case actBottom:
		s.off = s.n
	default:
		return false
	}
	s.off = max(0, min(s.off, s.n-s.h))
	s.cursor = s.off
	return true
}

// span returns the lines that show: from, up to and without to.
func (s *scroller) span() (from, to int) { return s.off, min(s.n, s.off+s.h) }
