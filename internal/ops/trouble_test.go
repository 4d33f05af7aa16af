package ops_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// warning is a target in whose log a report comes a little before the move to
// some position is over, by a clock that is ahead of that of moves.
type warning struct {
	*coarse
	at int
}

const ahead = 40_000_000

func (w warning) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	snap, err := w.coarse.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	snap.LogAhead = ahead
	snap.Moves = nil
	for pos := 1; pos <= snap.Pos; pos++ { // a move takes a second
		m := kernel.Move{Pos: pos, Kind: "step", Thread: "A", Status: "ready", At: fmt.Sprintf("L%d", pos), Now: int64(pos) * 1e9}
		snap.Moves = append(snap.Moves, m)
	}
	stamp := func(ns int64, text string) string {
		return fmt.Sprintf("[%5d.%06d] %s", ns/1e9, ns%1e9/1e3, text)
	}
	snap.Log = []string{stamp(1e8, "WARNING: CPU: 0 PID: 1 at boot"), stamp(1e8, "Call Trace:"), stamp(1e8, " x"), stamp(2e8, "all is well")}
	if snap.Pos >= w.at {
		for _, text := range []string{"WARNING: CPU: 1 PID: 44 at kernel/module/main.c:1 free_module", "CPU: 1 PID: 44 Comm: rmmod Tainted: G", "Call Trace:", " free_module+0x1", "---[ end trace 0000000000000000 ]---"} {
			snap.Log = append(snap.Log, stamp(int64(w.at)*1e9+ahead-1000, text))
		}
	}
	return snap, nil
}

// TestTroubleIsTiedToItsMove: a report in the kernel's log is told by the verb
// during which it came, with its text and the move that brought it, and by no
// other verb; one of the boot by none.
func TestTroubleIsTiedToItsMove(t *testing.T) {
	for at, want := range map[int]string{
		3: "step A|the kernel reports trouble at position 3 (A from L2, now L3 ",
		5: "continue|the kernel reports trouble at position 5 (A from L4, now L5 ",
	} {
		s := coarseAs(func(c *coarse) kernel.Target { return warning{c, at} })
		if err := s.Open(t.Context(), "vm:6.12"); err != nil {
			t.Fatal(err)
		}
		verb, text, _ := strings.Cut(want, "|")
		said := ""
		for _, words := range []string{"spawn A insmod victim", "step A", "step A", "continue", "back"} {
			res, err := s.Exec(t.Context(), strings.Fields(words))
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := ops.Write(&b, res, false, ops.Style{Width: 200}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), "trouble") {
				said += words + "|" + b.String()
			}
		}
		if !strings.HasPrefix(said, verb+"|") || strings.Count(said, "trouble") != 1 || !strings.Contains(said, text) ||
			!strings.Contains(said, "warning, by rmmod/44") || !strings.Contains(said, "free_module+0x1") || strings.Contains(said, "at boot") {
			t.Errorf("position %d: %s", at, said)
		}
	}
}
