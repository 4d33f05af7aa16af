package kmod

import (
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// dirEntry is something in a directory.
type dirEntry struct {
	// path is the directory's and the name, and nothing in it is made shorter, as with
	// kmod; name is its end.
	path, name string
	mode       fs.FileMode // its type; a link's own
	key        fileKey     // of a module's file, where keys are wanted; zero: not known
}

// dirScan reads directories for a search that goes through a tree from the front,
// and ahead of it from the end, so that they meet in the middle: most of it is
// spent in the kernel, and two processors take half the time.
type dirScan struct {
	keys   bool                   // of module files are wanted
	passed func(name string) bool // says that the search passes over a directory of that name

	mu      sync.Mutex
	dirs    map[string]*scannedDir // by path
	stop    bool
	reading sync.WaitGroup
}

// scannedDir is a directory that is read by who comes first, and is when read is
// closed.
type scannedDir struct {
	read    chan struct{}
	entries []dirEntry
	err     error
	left    bool // by the search, which was in all below it
}

// begin begins to read a directory and all below it, until the search is met.
func (s *dirScan) begin(dir string) {
	s.dirs, s.stop = map[string]*scannedDir{}, false
	s.reading.Go(func() {
		todo := []string{dir}
		for len(todo) > 0 {
			dir := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, e := range s.look(dir) {
				if e.mode.IsDir() && !s.passed(e.name) {
					todo = append(todo, e.path)
				}
			}
		}
	})
}

// look reads a directory ahead of the search, and returns what is in it when the
// search was not in all below it yet.
func (s *dirScan) look(dir string) []dirEntry {
	s.mu.Lock()
	over := s.stop || len(s.dirs) > maxModuleDirs || s.dirs[dir] != nil && s.dirs[dir].left
	s.mu.Unlock()
	if over {
		return nil
	}
	entries, _ := s.of(dir)
	return entries
}

// of returns what is in a directory, by name.
func (s *dirScan) of(dir string) ([]dirEntry, error) {
	s.mu.Lock()
	d := s.dirs[dir]
	first := d == nil
	if first {
		d = &scannedDir{read: make(chan struct{})}
		s.dirs[dir] = d
	}
	s.mu.Unlock()
	if first {
		d.entries, d.err = readEntries(dir, s.keys)
		close(d.read)
	}
	<-d.read
	return d.entries, d.err
}

// leave says that the search was in a directory and in all below it.
func (s *dirScan) leave(dir string) {
	s.mu.Lock()
	s.dirs[dir].left = true
	s.mu.Unlock()
}

// end ends what reads ahead.
func (s *dirScan) end() {
	s.mu.Lock()
	s.stop = true
	s.mu.Unlock()
	s.reading.Wait()
	s.dirs = nil
}

func sortEntries(entries []dirEntry) []dirEntry {
	slices.SortFunc(entries, func(a, b dirEntry) int { return strings.Compare(a.name, b.name) })
	return entries
}
