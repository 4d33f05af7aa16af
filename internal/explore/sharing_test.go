package explore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sharedProblems are big enough for workers to share them.
func sharedProblems(t testing.TB) []Problem {
	list := []Problem{
		problem(t, "v4.9", "set policy=kmod19", "A insmod victim", "B request victim", "C request victim"),
		problem(t, "v6.12", "set policy=verified", "A insmod victim", "B request victim", "C request victim"),
		problem(t, "v6.1,kmod-max=1", "set policy=kmod20", "A request victim", "B request minix"),
	}
	if raceEnabled { // ten times as slow
		list = []Problem{problem(t, "v4.9", "set policy=kmod19", "A insmod victim", "B request victim"), list[2]}
	}
	for i := range list {
		list[i].Promises = Promises()
	}
	return list
}

// found is what of a report may depend neither on the number of workers nor on
// whether the search was stopped on the way.
type foundOf struct {
	Complete          bool
	Missed            []string
	Outcomes, Reached []string
	Broken            []string
}

func foundIn(r Report) foundOf {
	return foundOf{r.Complete, r.Missed, r.Outcomes, r.Reached, brokenBy(r)}
}

// TestWorkersShareOneSearch: as soon as others join, the counts differ, and
// what is found does not.
func TestWorkersShareOneSearch(t *testing.T) {
	list := sharedProblems(t)
	if !testing.Short() && !raceEnabled {
		p := problem(t, "v4.9", "set policy=kmod19", "A insmod victim", "B request victim", "C request victim", "D request victim")
		p.Promises = Promises()
		list = append(list, p)
	}
	for _, p := range list {
		one := explored(t, p, Options{All: true, Workers: 1})
		for _, workers := range []int{2, 5} {
			o := Options{All: true, Workers: workers, solo: tickSteps, strict: true}
			if d := cmp.Diff(foundIn(one), foundIn(explored(t, p, o))); d != "" {
				t.Errorf("%s: one worker and %d (-one +more):\n%s", p.Name, workers, d)
			}
		}
	}
}

// TestMemoryIsBounded: a search never takes more than its limit, whatever the
// limit, and what it cannot keep loses nothing; but where the schedules
// themselves do not fit, that is told.
func TestMemoryIsBounded(t *testing.T) {
	p := sharedProblems(t)[0]
	whole := explored(t, p, Options{Bounds: -1, All: true, Workers: 1})
	for _, paths := range []int{0, 5, 12, 60} { // room for so many of the longest, besides the rest
		for _, workers := range []int{1, 3} {
			limit := 20<<10 + paths*(whole.Longest+2)*nodeBytes
			o := Options{All: true, Workers: workers, solo: tickSteps, Memory: limit}
			if err := o.validate(); err != nil {
				t.Fatal(err)
			}
			x := newPass(&p, o, "all schedules", -1)
			most := 0
			x.options.Progress = func(Progress) { most = max(most, x.bytes()) }
			if err := x.search(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			if most = max(most, x.bytes()); most > limit {
				t.Errorf("%d workers with a limit of %d bytes: %d were taken", workers, limit, most)
			}
			if x.memory.used.Load() < int64(x.bytes()) {
				t.Errorf("%d workers with a limit of %d bytes: %d are known of and %d are there", workers, limit, x.memory.used.Load(), x.bytes())
			}
			complete, missed := x.found.pass.Complete, x.found.missed
			if complete != (len(missed) == 0) || complete && paths == 0 {
				t.Errorf("%d workers with a limit of %d bytes: complete %v, missed %q", workers, limit, complete, missed)
			}
			if paths/2 < workers {
				continue
			}
			if !complete || !slices.Equal(x.found.outcomes, whole.Outcomes) {
				t.Errorf("%d workers with a limit of %d bytes: complete %v, missed %q, outcomes %q", workers, limit, complete, missed, x.found.outcomes)
			}
		}
	}
}

// TestFullTable: where there is no memory for states, steps learned and ends,
// the search takes longer and finds the same.
func TestFullTable(t *testing.T) {
	p := problem(t, "v4.9", "set policy=kmod19", "A insmod victim", "B request victim")
	p.Promises = Promises()
	whole := explored(t, p, Options{Bounds: -1, All: true, Workers: 1})
	for _, limit := range []int64{0, 8 << 10, 24 << 10} {
		o := Options{All: true, Workers: 1, Memory: 64 << 20, strict: true}
		if err := o.validate(); err != nil {
			t.Fatal(err)
		}
		x := newPass(&p, o, "all schedules", -1)
		x.memory.limit = 1 << 20
		x.memory.used.Store(x.memory.common() - limit)
		if err := x.search(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		if !x.found.pass.Complete || !slices.Equal(x.found.outcomes, whole.Outcomes) {
			t.Errorf("with a limit of %d bytes: complete %v, outcomes %q", limit, x.found.pass.Complete, x.found.outcomes)
		}
		if x.states() >= whole.States {
			t.Errorf("with a limit of %d bytes there was room for all %d states: the test shows nothing", limit, whole.States)
		}
	}
}

// bytes is what a pass has in fact taken, but for the nodes that are free.
func (p *pass) bytes() int {
	n := p.seen.bytes()
	p.model.mu.Lock()
	for _, x := range p.model.places {
		n += placeBytes
		if list := x.moves.Load(); list != nil {
			for _, m := range *list {
				n += m.bytes()
			}
		}
	}
	p.model.mu.Unlock()
	return n
}

// bytes is what the table has in fact taken.
func (t *table) bytes() int {
	t.mu.RLock()
	n := len(t.number) * footprintBytes
	t.mu.RUnlock()
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += cap(s.slots)*slotBytes + cap(s.beyond)*beyondBytes
		s.mu.Unlock()
	}
	return n
}

// TestStoppedAndResumed stops a search again and again, in the middle of its
// passes, and lets it go on from its file each time.
func TestStoppedAndResumed(t *testing.T) {
	for _, p := range sharedProblems(t) {
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d workers", p.Name, workers), func(t *testing.T) {
				t.Parallel()
				whole := explored(t, p, Options{All: true})
				o := Options{All: true, Workers: workers, solo: tickSteps, File: filepath.Join(t.TempDir(), "search"), strict: true}
				times := 0
				for o.Steps = 150; ; o.Steps += o.Steps / 2 {
					r := explored(t, p, o)
					if times++; r.Complete {
						if d := cmp.Diff(foundIn(whole), foundIn(r)); d != "" {
							t.Errorf("in one go and in %d (-one +more):\n%s", times, d)
						}
						break
					}
					if len(r.Missed) == 0 || times > 60 {
						t.Fatalf("stopped %d times, after %d steps, missed %q", times, r.Steps, r.Missed)
					}
				}
				if times < 4 {
					t.Errorf("the search was stopped %d times only", times-1)
				}
			})
		}
	}
}

// TestSavedOnTheWay: what is saved while several workers are at it can be gone
// on with.
func TestSavedOnTheWay(t *testing.T) {
	p := sharedProblems(t)[0]
	whole := explored(t, p, Options{All: true})
	file := filepath.Join(t.TempDir(), "search")
	var saved [][]byte
	explored(t, p, Options{All: true, Workers: 3, solo: tickSteps, saveEvery: 20, File: file, Progress: func(Progress) {
		if b, err := os.ReadFile(file); err == nil && (len(saved) == 0 || !slices.Equal(b, saved[len(saved)-1])) {
			saved = append(saved, b)
		}
	}})
	if len(saved) < 2 {
		t.Fatalf("saved %d times", len(saved))
	}
	for i, b := range saved {
		if i%(len(saved)/4+1) != 0 {
			continue
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r := explored(t, p, Options{All: true, Workers: 2, solo: tickSteps, File: file})
		if d := cmp.Diff(foundIn(whole), foundIn(r)); d != "" {
			t.Errorf("gone on with what was saved at time %d of %d (-whole +resumed):\n%s", i+1, len(saved), d)
		}
	}
	os.Remove(file)
}

// TestCancelledSearch: it stops at once, says so, and leaves a file to go on
// with.
func TestCancelledSearch(t *testing.T) {
	p := sharedProblems(t)[0]
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(context.Background())
		file := filepath.Join(t.TempDir(), "search")
		calls := 0
		r, err := Explore(ctx, p, Options{All: true, Workers: workers, solo: tickSteps, File: file, Progress: func(Progress) {
			if calls++; calls == 3 {
				cancel()
			}
		}})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if most := int64(workers*tickSteps + (3+workers)*progressSteps); r.Complete || len(r.Missed) == 0 || r.Steps > most {
			t.Errorf("%d workers: complete %v after %d steps, missed %q; want an end within %d steps", workers, r.Complete, r.Steps, r.Missed, most)
		}
		rest := explored(t, p, Options{All: true, File: file})
		if d := cmp.Diff(foundIn(explored(t, p, Options{All: true})), foundIn(rest)); d != "" {
			t.Errorf("%d workers: gone on with (-whole +resumed):\n%s", workers, d)
		}
	}
}

// FuzzSearchFile: whatever is in the file, the search goes on with it or says
// why not.
func FuzzSearchFile(f *testing.F) {
	p := problem(f, "v6.1", "set helper=exit:0", "A request victim", "B rmmod victim")
	p.Promises = Promises()
	file := filepath.Join(f.TempDir(), "search")
	for _, steps := range []int{64, 100_000} {
		explored(f, p, Options{File: file, Steps: steps, All: true})
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		os.Remove(file)
	}
	f.Add([]byte(`{"kind":"kmodsh search","version":2,"passes":[{"pass":{"name":"all schedules"},"open":[{"from":-1,"todo":3,"done":1}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(t.TempDir(), "search")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := readFileSaved(file)
		if err == nil {
			s.Fingerprint = p.Fingerprint() // as somebody would who means harm
			if err := s.write(file); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = Explore(context.Background(), p, Options{File: file, Steps: 5000, Workers: 1})
	})
}
