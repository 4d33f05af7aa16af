package ops_test

import (
	"context"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// token explores and returns the token of what it finds.
func token(t *testing.T, words ...string) string {
	t.Helper()
	r, err := searched(context.Background(), t, simulated(), words...)
	if ops.ExitCode(err) != ops.ExitFailed {
		t.Fatalf("%v: %v", words, err)
	}
	return r.Searches[0].Found[0].Token
}

// TestReplayForced takes a schedule of the simulated kernel to a target with
// the manners of a real one, of another version, from stop to stop and by
// delays alone.
func TestReplayForced(t *testing.T) {
	race := token(t, "--case", "success while", "seed/builtin-race")
	for _, words := range [][]string{
		{"replay", "--on", "vm:6.1", race}, {"replay", "--on", "vm:6.12", race}, {"replay", "--stops", race},
		{"replay", "--on", "vm:6.1", "--delays", "3", race},
	} {
		res, err := withCoarse(nil).Exec(context.Background(), words)
		r, ok := res.(*ops.ForcedResult)
		if err != nil || !ok {
			t.Errorf("%v: %v", words[:len(words)-1], err)
			continue
		}
		if !r.Same || !strings.Contains(r.Says, "premature") || r.Trials != r.Hits || len(r.Moves) == 0 && r.Trials != 3 {
			t.Errorf("%v: %+v", words[:len(words)-1], r)
		}
		if r.Trials > 0 && (len(r.Delays) == 0 || r.Ends[0].Outcome != "A=0; B=0 premature") {
			t.Errorf("by delays: %+v", r)
		}
	}
}

// TestReplayForcedElsewhere: a schedule that shows something else on the target
// is told so, and fails.
func TestReplayForcedElsewhere(t *testing.T) {
	duplicate := token(t, "--on", "sim:v6.1", "--promise", `result("B") != -EEXIST`, "vector/v04")
	if _, err := withCoarse(nil).Exec(context.Background(), []string{"replay", "--on", "vm:6.1", duplicate}); err != nil {
		t.Errorf("on 6.1: %v", err)
	}
	res, err := withCoarse(nil).Exec(context.Background(), []string{"replay", "--on", "vm:6.12", duplicate})
	if ops.ExitCode(err) != ops.ExitFailed || !strings.Contains(err.Error(), "not the same") || res.(*ops.ForcedResult).Same {
		t.Errorf("on 6.12: %v", err)
	}
	if _, err := withCoarse(nil).Exec(context.Background(), []string{"replay", "--on", "vm:6.12", "--delays", "2", duplicate}); ops.ExitCode(err) != ops.ExitFailed {
		t.Errorf("on 6.12 by delays: %v", err)
	}
}
