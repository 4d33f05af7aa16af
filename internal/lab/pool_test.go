package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// openPool opens a pool in a cache of its own, with one past.
func openPool(t interface {
	Fatal(...any)
	Cleanup(func())
}, cacheDir string, budget int64) *past {
	c, err := OpenCache(cacheDir)
	if err != nil {
		t.Fatal(err)
	}
	s := newPast(newPool(budget))
	s.pool.guess = 1 << 10 // not the size of a real machine
	if err := s.pool.open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// keepStream saves a stream as a checkpoint.
func keepStream(s *past, pos int, stream []byte) error {
	im, err := s.pool.save(tbContext(), func(f *os.File) error { _, err := f.Write(stream); return err })
	if err == nil {
		s.add(&checkpoint{pos: pos, image: im})
	}
	return err
}

// readStream reads the checkpoint at a position.
func readStream(s *past, pos int) ([]byte, error) {
	cp := s.find(pos)
	if cp == nil {
		return nil, errNoCheckpoint
	}
	defer s.pool.drop(cp.image)
	s.pool.mu.Lock()
	file := cp.image.file
	s.pool.mu.Unlock()
	if file != "" {
		if b, err := os.ReadFile(file); err == nil {
			return b, nil // else it has just been packed
		}
	}
	var b bytes.Buffer
	err := s.pool.unpackTo(&b, cp.image)
	return b.Bytes(), err
}

// packed waits until nothing waits to be packed.
func packed(t interface{ Fatal(...any) }, s *past) {
	if err := s.pool.keepUp(tbContext(), 1); err != nil {
		t.Fatal(err)
	}
	s.pool.worker.Wait()
	if s.pool.failed != nil {
		t.Fatal(s.pool.failed)
	}
}

// history returns the seeds of a machine's pages after so many steps, each of
// which changes a few.
func history(pages, step int) []uint64 {
	seeds := make([]uint64, pages)
	for i := range seeds {
		if i%4 != 0 {
			seeds[i] = uint64(i + 1)
		}
	}
	for s := 1; s <= step; s++ {
		for k := range 5 {
			seeds[(s*37+k*11)%pages] = uint64(s*1000 + k + 1_000_000)
		}
	}
	return seeds
}

// TestPool keeps fifty moments of a machine in little more than one, gives each
// back as it was, and leaves nothing.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	s := openPool(t, dir, defaultBudget)
	const pages, steps = 200, 50
	var plain int64
	streams := make([][]byte, steps)
	for pos := range steps {
		streams[pos] = fakeStream(1000, history(pages, pos), 1000)
		plain += int64(len(streams[pos]))
		if err := keepStream(s, pos, streams[pos]); err != nil {
			t.Fatal(err)
		}
	}
	packed(t, s)
	used := s.pool.used()
	t.Logf("%d bytes for %d", used, plain)
	if used > plain/steps*3/2 {
		t.Errorf("%d bytes are used, one plain stream has %d", used, plain/steps)
	}
	fork := s.share(20)
	for _, p := range []*past{s, fork} {
		for pos := range steps {
			b, err := readStream(p, pos)
			if want := streams[min(pos, len(p.list)-1)]; err != nil || !bytes.Equal(b, want) {
				t.Fatalf("position %d is not what was kept: %d bytes of %d, %v", pos, len(b), len(want), err)
			}
		}
	}
	// One of the two goes, and what only it had.
	s.pool.tidy()
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if b, err := readStream(fork, 20); err != nil || !bytes.Equal(b, streams[20]) {
		t.Errorf("the fork's checkpoint is gone with the other's: %v", err)
	}
	fork.pool.tidy()
	fork.forget(0)
	fork.pool.tidy()
	live := 0
	for _, pg := range fork.pool.packs.pages {
		live += int(pg.refs)
	}
	if live != 0 || len(fork.pool.packs.index) != 0 || fork.pool.total != 0 {
		t.Errorf("without a checkpoint there are %d references, %d pages, %d bytes", live, len(fork.pool.packs.index), fork.pool.total)
	}
	if err := fork.close(); err != nil {
		t.Error(err)
	}
	emptyTmp(t, dir)
}

// TestPoolModel saves, pins, forgets, thins and reads in any order: what the
// list has is what was saved last as that position.
func TestPoolModel(t *testing.T) {
	c := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := openPool(t, c, defaultBudget)
		model := map[int]int{} // position -> step
		for range rapid.IntRange(1, 25).Draw(t, "moves") {
			switch rapid.IntRange(0, 4).Draw(t, "move") {
			case 0, 1:
				pos, step := rapid.IntRange(0, 12).Draw(t, "pos"), rapid.IntRange(0, 9).Draw(t, "step")
				if err := keepStream(s, pos, fakeStream(50, history(40, step), 9)); err != nil {
					t.Fatal(err)
				}
				model[pos] = step
			case 2:
				pos := rapid.IntRange(0, 14).Draw(t, "forget")
				s.forget(pos)
				for p := range model {
					if p >= pos {
						delete(model, p)
					}
				}
			case 3:
				packed(t, s)
				s.pool.tidy()
			case 4:
				pos := rapid.IntRange(0, 14).Draw(t, "read")
				at := pos
				for ; at >= 0; at-- {
					if _, ok := model[at]; ok {
						break
					}
				}
				b, err := readStream(s, pos)
				if at < 0 {
					if !errors.Is(err, errNoCheckpoint) {
						t.Fatalf("there is nothing at %d, but %v", pos, err)
					}
				} else if want := fakeStream(50, history(40, model[at]), 9); err != nil || !bytes.Equal(b, want) {
					t.Fatalf("position %d: %d bytes of %d, %v", pos, len(b), len(want), err)
				}
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestPoolBudget has room for less than is saved: old ones go, those that are
// pinned and the beginning stay, and where that is not enough the error says
// what to do.
func TestPoolBudget(t *testing.T) {
	s := openPool(t, t.TempDir(), 0)
	one := int64(len(streamOf(0, history(40, 0), 0, noisePage)))
	s.pool.budget = 8 * one
	for pos := range 60 {
		seeds := history(40, 0)
		for i := range seeds {
			if seeds[i] != 0 {
				seeds[i] += uint64(pos) * 1000 // no page like the one before
			}
		}
		if err := keepStream(s, pos, streamOf(0, seeds, 0, noisePage)); err != nil {
			t.Fatalf("position %d: %v", pos, err)
		}
		if pos == 7 {
			s.pin(7, true)
		}
		packed(t, s)
		if used := s.pool.used(); used > s.pool.budget {
			t.Fatalf("%d bytes are used of %d", used, s.pool.budget)
		}
	}
	var kept []int
	for _, cp := range s.list {
		kept = append(kept, cp.pos)
	}
	t.Log("kept", kept)
	if !slices.Contains(kept, 0) || !slices.Contains(kept, 7) || !slices.Contains(kept, 59) || len(kept) < 4 || len(kept) > 60 {
		t.Errorf("kept are %v", kept)
	}
	s.pool.budget = one
	err := keepStream(s, 60, fakeStream(0, history(100, 60), 0))
	if !errors.Is(err, errNoSpace) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("without room: %v", err)
	}
	t.Log(err)
}

// TestPoolDamage damages each file of a pool, in each way: reading is an error
// that names the file.
func TestPoolDamage(t *testing.T) {
	for _, how := range []string{"changed", "cut off", "emptied"} {
		for _, which := range []string{"plain-", "pages-"} {
			t.Run(which+how, func(t *testing.T) {
				s := openPool(t, t.TempDir(), defaultBudget)
				for pos := range 3 {
					if err := keepStream(s, pos, fakeStream(9, history(100, pos*9), 9)); err != nil {
						t.Fatal(err)
					}
				}
				packed(t, s)
				files, err := filepath.Glob(filepath.Join(s.pool.dir.Path, which+"*"))
				if err != nil || len(files) != 1 {
					t.Fatalf("%v, %v", files, err)
				}
				b, err := os.ReadFile(files[0])
				if err != nil {
					t.Fatal(err)
				}
				switch how {
				case "changed":
					for i := range b {
						b[i] ^= 0x55
					}
				case "cut off":
					b = b[:len(b)/2]
				case "emptied":
					b = nil
				}
				if err := os.WriteFile(files[0], b, 0o600); err != nil {
					t.Fatal(err)
				}
				s.pool.packs.aheadOf = nil
				_, err = readStream(s, 2)
				var damaged *damagedError
				if !errors.As(err, &damaged) || damaged.path != files[0] {
					t.Errorf("got %v", err)
				}
				t.Log(err)
				s.forget(0) // does not fail either
			})
		}
	}
}
