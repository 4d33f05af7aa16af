package ops_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/ops"
	"github.com/google/go-cmp/cmp"
)

// searched runs the verb explore in a session of its own.
func searched(ctx context.Context, t *testing.T, s *ops.Session, words ...string) (*ops.ExploreResult, error) {
	t.Helper()
	res, err := s.Exec(ctx, append([]string{"explore", "-o", "-"}, words...))
	r, ok := res.(*ops.ExploreResult)
	if !ok {
		t.Fatalf("%v: %T, %v", words, res, err)
	}
	return r, err
}

// TestExploreInterruptedAndResumed: a search that is cancelled says so and how
// far it came, and one that goes on from its file finds the same as one that was
// left alone.
func TestExploreInterruptedAndResumed(t *testing.T) {
	words := []string{"--case", "kmod 20", "--workers", "1", "seed/builtin-race"}
	whole, err := searched(context.Background(), t, simulated(), words...)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "search.json")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := simulated()
	s.Progress = func(stage string, done, _ int64) {
		if strings.HasSuffix(stage, "steps") && done > 0 {
			cancel()
		}
	}
	words = append([]string{"--resume", file}, words...)
	part, err := searched(ctx, t, s, words...)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if one := part.Searches[0]; one.Complete || len(one.Missed) == 0 || one.Steps == 0 || one.Steps >= whole.Searches[0].Steps {
		t.Errorf("cancelled: complete %v, %d steps, missed %q", one.Complete, one.Steps, one.Missed)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	rest, err := searched(context.Background(), t, simulated(), words...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*explore.Report{&whole.Searches[0].Report, &rest.Searches[0].Report} {
		// What was known of states when the search was cancelled is not kept.
		r.Schedules, r.Pruned, r.Steps, r.States, r.Longest, r.Passes = 0, 0, 0, 0, 0, nil
	}
	if d := cmp.Diff(whole.Searches[0].Report, rest.Searches[0].Report); d != "" {
		t.Errorf("resumed (-whole +resumed):\n%s", d)
	}
}

// TestExploreSeeds: each case of a mistake breaks the promise it is about, and
// each case of its cure keeps all.
func TestExploreSeeds(t *testing.T) {
	for _, tt := range []struct {
		words  []string
		broken string // "" none
	}{
		{[]string{"--case", "a mount", "seed/builtin-race"}, "zero-means-ready"},
		{[]string{"--case", "by hand", "seed/builtin-race"}, "zero-means-ready"},
		{[]string{"--case", "verified", "seed/builtin-race"}, ""},
		{[]string{"--case", "kmod 20", "--on", "sim:v4.9", "seed/builtin-race"}, ""},
		{[]string{"--case", "does nothing", "seed/zero-means-ready"}, "zero-means-ready"},
		// Success for a module that goes is one thing, a module that was unloaded
		// after the success another.
		{[]string{"--case", "kmod 19", "seed/builtin-race-unload"}, "zero-means-ready"},
		{[]string{"--case", "kmod 20", "--on", "sim:v4.9", "--promise", "zero-means-ready", "seed/builtin-race-unload"}, "zero-means-ready"},
		{[]string{"--case", "kmod 20", "--on", "sim:v6.12", "seed/builtin-race-unload"}, ""},
		{[]string{"--case", "verified", "seed/builtin-race-unload"}, ""},
		{[]string{"--case", "does not believe", "seed/zero-means-ready"}, ""},
		{[]string{"--case", "fs-ext3", "seed/aliases"}, ""},
		{[]string{"--strategy", "pct", "--schedules", "3", "--case", "that is there", "seed/thread-limit"}, ""},
	} {
		r, err := searched(context.Background(), t, simulated(), tt.words...)
		if err != nil && tt.broken == "" {
			t.Errorf("%v: %v", tt.words, err)
			continue
		}
		found := ""
		for _, s := range r.Searches {
			for _, f := range s.Found {
				found = f.Promise
			}
		}
		if found != tt.broken {
			t.Errorf("%v: breaks %q, want %q", tt.words, found, tt.broken)
		}
	}
}

// TestReplayIsGoneThrough: the run of a token takes the place of the target's,
// and any position of it can be gone to.
func TestReplayIsGoneThrough(t *testing.T) {
	ctx := context.Background()
	r, _ := searched(ctx, t, simulated(), "--case", "success while", "seed/builtin-race")
	token := r.Searches[0].Found[0].Token
	s := simulated()
	defer s.Close()
	do := func(words ...string) string {
		res, err := s.Exec(ctx, words)
		if err != nil {
			t.Fatalf("%v: %v", words, err)
		}
		var b bytes.Buffer
		if err := ops.Write(&b, res, true, ops.Style{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	do("target", "sim:v6.12")
	do("load", "ext4") // what was there before is gone
	do("replay", token)
	do("expect", `state("ext4") == "absent" and verdict("B") == "premature" and state("minix") == "live"`)
	end := do("threads")
	do("goto", "3")
	do("expect", `state("minix") == "absent" and at("A") == ""`)
	do("step", "A")
	do("replay", token)
	if again := do("threads"); again != end {
		t.Errorf("replayed twice:\n%s\n%s", end, again)
	}
}
