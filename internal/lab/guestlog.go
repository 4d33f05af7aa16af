package lab

import (
	"slices"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// guestLogKept is how many lines of a guest's kernel log the host remembers.
const guestLogKept = 20000

// printed is a guest's kernel log as far as the host knew it at some moment.
// What it holds is never changed.
type printed struct {
	lines []string
	seq   uint64 // number of the last line; the agent numbers them from 1
}

// guestLog is what the host knows of the kernel log of a guest, so that only
// what is new crosses the link, which is slow.
type guestLog struct {
	mu   sync.Mutex
	now  printed
	life int // how often the machine became another one
}

// mark returns the number of the last line that is known, and the life of the
// machine that it belongs to.
func (l *guestLog) mark() (seq uint64, life int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.seq, l.life
}

// take adds the lines up to the one of number seq, as the guest answered them
// in a life of the machine. Of what is known already nothing is added, and
// nothing of an earlier life. Lines that are missing in between the agent had
// no more.
func (l *guestLog) take(lines []string, seq uint64, life int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if life != l.life || seq <= l.now.seq {
		return
	}
	fresh := min(uint64(len(lines)), seq-l.now.seq)
	all := append(l.now.lines, lines[uint64(len(lines))-fresh:]...)
	if n := len(all); n > guestLogKept {
		all = slices.Clone(all[n-guestLogKept/2:])
	}
	l.now = printed{all, seq}
}

// state returns what is known now.
func (l *guestLog) state() printed {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.now.lines)
	return printed{l.now.lines[:n:n], l.now.seq} // who adds to it makes a copy
}

// become is for a machine that is another moment now, in which p was known.
func (l *guestLog) become(p printed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = p
	l.life++
}

// last returns the last n lines, 0 all.
func (l *guestLog) last(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return kernel.LastLines(l.now.lines, n)
}
