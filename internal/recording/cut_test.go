package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// realTraces are what explore, a session on a simulated kernel, and sessions on
// real ones have left.
func realTraces(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("export/testdata/*.trace")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d traces, %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, name := range files {
		if all[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// often is how often a test tries of each file: few times, or many where it was
// asked for.
func often(few, many int) int {
	if os.Getenv("KMODSH_LONG") != "" {
		return many
	}
	return few
}

// kept counts, without the reader, what the whole lines of a file that was cut off
// have: lines, and events and positions that were not gone back over.
func kept(t *testing.T, part []byte) (lines, events, positions int) {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(part))
	if err != nil {
		return 0, 0, 0
	}
	text, err := io.ReadAll(zip)
	if err == nil {
		t.Fatal("it is not cut off")
	}
	var at []int
	for line := range bytes.Lines(text) {
		var l struct {
			Type        string
			Pos, Events int
		}
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &l) != nil {
			break // only the last line can be a part of one
		}
		lines++
		switch l.Type {
		case "event":
			events++
		case "snapshot":
			at = append(at, l.Pos)
		case "back":
			events = l.Events
			at = slices.DeleteFunc(at, func(pos int) bool { return pos > l.Pos })
		}
	}
	return lines, events, len(at)
}

// TestCutAnywhere: of a file that was cut off at any byte, whatever lines are whole
// are there, and what is said of them is so.
func TestCutAnywhere(t *testing.T) {
	for name, whole := range realTraces(t) {
		step := max(1, len(whole)/often(30, 2000))
		for n := 0; n < len(whole); n += step {
			r, err := Read(bytes.NewReader(whole[:n]))
			lines, events, positions := kept(t, whole[:n])
			if err != nil {
				if lines > 0 || n >= 2 && !errors.Is(err, kernel.ErrDamaged) {
					t.Errorf("%s, %d bytes with %d lines: %v", name, n, lines, err)
				}
				continue
			}
			want := fmt.Sprintf("it was cut off after line %d, with %d events and %d positions before that", lines, events, positions)
			want = strings.NewReplacer(" 1 events", " 1 event", " 1 positions", " 1 position").Replace(want)
			if r.Missing != want || len(r.Events) != events || len(r.frames) != positions {
				t.Fatalf("%s, %d bytes: %q with %d events and %d positions, want %q", name, n, r.Missing, len(r.Events), len(r.frames), want)
			}
			_, last := r.Positions()
			if s := newTarget("trace:x", r).rec.At(last); len(s.Events) > events {
				t.Fatalf("%s, %d bytes: position %d shows %d events", name, n, last, len(s.Events))
			}
		}
	}
}

// TestDamagedAnywhere: of a file with one wrong bit, none is taken for whole that
// has not the same in it.
func TestDamagedAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, whole := range realTraces(t) {
		was, err := Read(bytes.NewReader(whole))
		if err != nil || was.Missing != "" {
			t.Fatalf("%s: %v, %q", name, err, was.Missing)
		}
		for range often(30, 2000) {
			bad := slices.Clone(whole)
			at := random.IntN(len(bad))
			bad[at] ^= 1 << random.IntN(8)
			r, err := Read(bytes.NewReader(bad))
			switch {
			case err != nil:
			case r.Missing == "" && (cmp.Diff(was.Events, r.Events) != "" || len(was.frames) != len(r.frames)):
				t.Errorf("%s with another bit in byte %d is taken for whole", name, at)
			case r.Missing != "" && !strings.HasPrefix(r.Missing, "it is damaged: ") && !strings.HasPrefix(r.Missing, "it was cut off "):
				t.Errorf("%s with another bit in byte %d: %q", name, at, r.Missing)
			}
		}
	}
}
