package ops_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// keeping is a coarse target that can keep its position.
type keeping struct {
	*coarse
	kept *[]string
}

func (k keeping) Keep(ctx context.Context, name string) (string, error) {
	snap, err := k.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	*k.kept = append(*k.kept, name+" minix "+string(snap.State("minix"))+" B "+snap.Thread("B").Status)
	return "vm:6.12@" + name, nil
}

// TestExploreARealOne searches a target with the manners of a real kernel: it
// finds the race under kmod 19, names the moves, keeps the moment before, and
// has a token that repeats it on the simulated kernel; and none under kmod 20.
func TestExploreARealOne(t *testing.T) {
	var kept []string
	s := coarseAs(func(c *coarse) kernel.Target { return keeping{c, &kept} })
	r, err := searched(context.Background(), t, s, "--on", "vm:6.12", "--case", "success while", "seed/builtin-race")
	if ops.ExitCode(err) != ops.ExitFailed || !strings.Contains(err.Error(), "zero-means-ready") {
		t.Fatal(err)
	}
	one := r.Searches[0]
	if one.Target != "sim:v6.12" && one.Target != "vm:6.12" || one.Live == nil || one.Live.Oracle != "sim:v6.12" || len(one.Live.Strayed) > 0 {
		t.Errorf("%s, %+v", one.Target, one.Live)
	}
	f := one.Found[0]
	if len(f.Moves) == 0 || f.Opens != "vm:6.12@seed-builtin-race--kmod-19--success-while-the-module-is-coming-zero-means-ready" {
		t.Errorf("moves %v, opens %q", f.Moves, f.Opens)
	}
	if len(kept) != 1 || !strings.HasSuffix(kept[0], "minix coming B blocked") {
		t.Errorf("kept %q", kept)
	}
	if res, err := simulated().Exec(context.Background(), []string{"replay", f.Token}); err != nil || !res.(*ops.ReplayResult).Same {
		t.Errorf("its token: %v", err)
	}
	r, err = searched(context.Background(), t, s, "--on", "vm:6.12", "--bound", "1", "--case", "kmod 20", "seed/builtin-race")
	if err != nil || len(r.Searches[0].Found) > 0 || !r.Searches[0].Complete {
		t.Errorf("kmod 20: %v", err)
	}
}

// TestExploreWithAWrongOracle: where the simulated kernel shows something else
// than the target, the search says so, goes on without it, and does not call
// itself complete. With the right one it comes to the ends it comes to with none.
func TestExploreWithAWrongOracle(t *testing.T) {
	search := func(oracle string) *ops.Search {
		r, err := searched(context.Background(), t, withCoarse(nil), "--on", "vm:6.12", "--oracle", oracle, "--bound", "1", "--promise", "true", "vector/v04")
		if err != nil {
			t.Fatal(err)
		}
		return r.Searches[0]
	}
	wrong := search("v6.1")
	if len(wrong.Live.Strayed) == 0 || wrong.Complete || !strings.Contains(strings.Join(wrong.Missed, "; "), "turned out not to be like the target") {
		t.Errorf("strayed %v, complete %v, missed %q", wrong.Live.Strayed, wrong.Complete, wrong.Missed)
	}
	right, none := search("v6.12"), search("none")
	if len(right.Live.Strayed) > 0 || right.Live.Foretold == 0 || none.Live.Oracle != "" || none.Live.Foretold != 0 {
		t.Errorf("the right one: %+v; none: %+v", right.Live, none.Live)
	}
	if !slices.Equal(right.Outcomes, none.Outcomes) || len(none.Outcomes) != 2 {
		t.Errorf("with the right oracle %q, with none %q", right.Outcomes, none.Outcomes)
	}
}
