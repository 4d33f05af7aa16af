package explore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// saved is the file that lets a search go on: the passes that were done, and of
// the one under way what is open.
type saved struct {
	Kind        string      `json:"kind"`
	Version     int         `json:"version"`
	Fingerprint uint32      `json:"fingerprint"`
	Problem     string      `json:"problem"`
	Passes      []savedPass `json:"passes"`
}

type savedPass struct {
	Pass     Pass       `json:"pass"`
	Longest  int        `json:"longest"`
	Broken   []Broken   `json:"broken"`
	Outcomes []string   `json:"outcomes"`
	Reached  []string   `json:"reached"`
	Open     []openNode `json:"open,omitempty"`
}

// openNode is a state that something was left of when the search was saved.
// Threads are numbers in the order in which the schedule makes them.
type openNode struct {
	// From is the place in the list of the state before, -1 for the first one.
	From int `json:"from"`
	// Step is the thread that led here.
	Step int `json:"step"`
	// Todo are the alternatives to be explored, Done those that were, or whose
	// states are in the list: bit n is thread n.
	Todo uint32 `json:"todo"`
	Done uint32 `json:"done"`
}

const (
	savedKind = "kmodsh search"
	// savedVersion is of the file.
	savedVersion = 2
	// maxSaved bounds what is read of such a file, in bytes.
	maxSaved = 64 << 20
	// maxOpen bounds the open states of a pass that are read.
	maxOpen = 1 << 15
	// maxShown bounds a text that is read, in bytes.
	maxShown = 64 << 10
	// saveEvery is after how many schedules a search is saved again.
	saveEvery = 50_000
)

// searchFile is where a search is kept, if it is.
type searchFile struct {
	path    string // "" nowhere
	problem *Problem
	passes  []*pass
}

// resume takes over what an earlier search of the same problem came to. It
// returns what is open, by the name of the pass.
func (f *searchFile) resume() (map[string][]openNode, error) {
	if f.path == "" {
		return nil, nil
	}
	s, err := readFileSaved(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("going on with the search in %s: %w; remove the file to begin anew", f.path, err)
	}
	if now := f.problem.Fingerprint(); s.Fingerprint != now {
		return nil, fmt.Errorf("going on with the search in %s: %w: it is of %s with fingerprint %08x, this is %s with %08x; remove the file to begin anew",
			f.path, ErrStale, s.Problem, s.Fingerprint, f.problem.Name, now)
	}
	open := map[string][]openNode{}
	for _, old := range s.Passes {
		for _, x := range f.passes {
			if x.name == old.Pass.Name && (old.Pass.Complete || len(old.Open) > 0) {
				x.found = findings{pass: old.Pass, longest: old.Longest, broken: old.Broken, outcomes: old.Outcomes, reached: old.Reached}
				x.schedules.Store(old.Pass.Schedules)
				x.pruned.Store(old.Pass.Pruned)
				x.steps.Store(old.Pass.Steps)
				x.saved.Store(old.Pass.Schedules + old.Pass.Pruned)
				open[x.name] = old.Open
			}
		}
	}
	return open, nil
}

func readFileSaved(path string) (saved, error) {
	file, err := os.Open(path)
	if err != nil {
		return saved{}, err
	}
	defer file.Close()
	return readSaved(file)
}

func readSaved(r io.Reader) (saved, error) {
	var s saved
	b, err := io.ReadAll(io.LimitReader(r, maxSaved+1))
	switch {
	case err != nil:
		return s, err
	case len(b) > maxSaved:
		return s, fmt.Errorf("more than %d bytes", maxSaved)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("no search of kmodsh: %w", err)
	}
	if s.Kind != savedKind || s.Version != savedVersion {
		return s, errors.New("no search of this version of kmodsh")
	}
	for _, p := range s.Passes {
		if err := p.check(); err != nil {
			return s, fmt.Errorf("pass %.40q: %w", p.Pass.Name, err)
		}
	}
	return s, nil
}

// check refuses what no search writes.
func (p *savedPass) check() error {
	x := &p.Pass
	if x.Schedules < 0 || x.Pruned < 0 || x.Steps < 0 || x.States < 0 || p.Longest < 0 {
		return errors.New("a count is negative")
	}
	for _, text := range p.Outcomes {
		if !shown(text) {
			return errors.New("an outcome is none")
		}
	}
	for _, b := range p.Broken {
		if !shown(b.Promise) || !shown(b.Says) || !shown(b.Outcome) || len(b.Schedule) > maxTokenSteps {
			return errors.New("a broken promise is none")
		}
	}
	for _, id := range p.Reached {
		if pointOrder(id) < 0 {
			return fmt.Errorf("no point %.10q", id)
		}
	}
	if len(p.Open) > maxOpen {
		return fmt.Errorf("%d open states: at most %d are read", len(p.Open), maxOpen)
	}
	for i, o := range p.Open {
		if (i == 0) != (o.From < 0) || o.From >= i || o.Step < 0 || o.Step >= maxThreads || o.Done&^o.Todo != 0 || o.Todo >= 1<<maxThreads {
			return fmt.Errorf("open state %d is none", i)
		}
	}
	return nil
}

// shown says whether a text can be shown as it is.
func shown(text string) bool {
	return len(text) <= maxShown && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

// saver is what a pass calls to be saved, nil where nothing is.
func (f *searchFile) saver() func(*pass) error {
	if f.path == "" {
		return nil
	}
	return func(*pass) error { return f.save() }
}

// save writes how far the search has come. Nobody works on the pass under way.
func (f *searchFile) save() error {
	if f.path == "" {
		return nil
	}
	s := saved{Kind: savedKind, Version: savedVersion, Fingerprint: f.problem.Fingerprint(), Problem: f.problem.Name, Passes: []savedPass{}}
	for _, x := range f.passes {
		if one, ok := x.saved1(); ok {
			s.Passes = append(s.Passes, one)
		}
	}
	return s.write(f.path)
}

// write writes the file at once, in place of what was there.
func (s *saved) write(path string) error {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(s); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("keeping the search: %w", err)
	}
	_, err = file.Write(b.Bytes())
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("keeping the search: %w", err)
	}
	return nil
}
