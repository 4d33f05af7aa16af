package ops_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
)

// recordedOnMachine records a session on what has the manners of a machine: the
// built-in race, with faults, a setting, and a way that was gone back over.
func recordedOnMachine(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "race.trace")
	s := withMachines()
	defer s.Close()
	does(t, s, append([]string{"target vm:6.12", "record " + file}, lines...)...)
	does(t, s, "record stop")
	return file
}

var raceLines = []string{
	"policy kmod19", "hold W4 module=minix", "hold L13 module=nosuch", "spawn A insmod minix", "continue", "spawn B request fs-minix", "continue",
	"back 4", "step helper-1", "faults --delete 2", "continue", "release A", "continue",
}

// replayed replays a file and returns what came of it.
func replayed(t *testing.T, words ...string) (*ops.MachineReplay, error) {
	t.Helper()
	s := withMachines()
	defer s.Close()
	res, err := s.Exec(context.Background(), append([]string{"replay"}, words...))
	r, _ := res.(*ops.MachineReplay)
	return r, err
}

// rewritten writes a trace with its lines changed; an empty one is left out.
func rewritten(t *testing.T, file string, change func(line string) string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := gzip.NewWriter(&b)
	for line := range strings.SplitAfterSeq(string(all), "\n") {
		if _, err := io.WriteString(out, change(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "other.trace")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestReplayMachine: what was recorded on a machine is done again action by
// action, on the same kernel, and by moves, on another and on the model.
func TestReplayMachine(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	r, err := replayed(t, file)
	if err != nil || !r.Same || r.Elsewhere || r.Done != r.Actions || r.Compared == 0 || r.Threads != 3 || r.Looked < 20 {
		t.Fatalf("%v: %+v", err, r)
	}
	if v := r.Verdicts; len(v) != 2 || v[1].Verdict != "premature" {
		t.Errorf("%+v", v)
	}
	for _, on := range []string{"sim", "sim:v6.1", "vm:6.1"} {
		r, err := replayed(t, "--on", on, file)
		if err != nil || !r.Same || !r.Elsewhere || len(r.Moves) == 0 {
			t.Errorf("on %s: %v: %+v", on, err, r)
		}
	}
	if _, err := replayed(t, "--delays", "3", file); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("by delays: %v", err)
	}
}

// TestReplayMachineStays: the session goes to what was done again, and can go
// back in it.
func TestReplayMachineStays(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	s := withMachines()
	defer s.Close()
	does(t, s, "replay "+file, `expect verdict("B") == "premature"`, "goto 3", `expect not done("A")`)
}

// TestReplayMachineLooks: a look at a real machine costs, so that there is one at
// each position and none besides.
func TestReplayMachineLooks(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	s := withMachines()
	defer s.Close()
	res, err := s.Exec(context.Background(), []string{"replay", file})
	r, ok := res.(*ops.MachineReplay)
	if err != nil || !ok {
		t.Fatal(err)
	}
	if n := s.Target().(*machineLike).looks; n != r.Looked+1 { // and once before anything is done
		t.Errorf("looked %d times to compare %d positions", n, r.Looked)
	}
}

// TestReplayMachineCutOff: of a file that was cut off that is done which is
// there.
func TestReplayMachineCutOff(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	n := 0
	cut := rewritten(t, file, func(line string) string {
		if strings.Contains(line, `"type":"action"`) {
			n++
		}
		if n > 12 {
			return ""
		}
		return line
	})
	r, err := replayed(t, cut)
	if err != nil || !r.Same || r.Done != 12 || r.Missing == "" {
		t.Errorf("%v: %+v", err, r)
	}
	bare := rewritten(t, file, func(line string) string {
		if strings.Contains(line, `"type":"action"`) {
			return ""
		}
		return line
	})
	if _, err := replayed(t, bare); ops.ExitCode(err) != ops.ExitUsage || !strings.Contains(err.Error(), "can be opened, and not repeated") {
		t.Errorf("without actions: %v", err)
	}
}

// TestReplayMachineDiffers: what comes out otherwise is shown, with where.
func TestReplayMachineDiffers(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	for _, tt := range []struct {
		name, old, new string
		stopped        bool
		thread         string
	}{
		{"another policy", `policy=kmod19`, `policy=kmod20`, true, ""},
		{"another event", `"point":"H2"`, `"point":"H9"`, false, "B/1"},
		{"another result", `"verdict":"premature"`, `"verdict":"ok"`, true, ""},
		{"no such thread", `"do":"release","thread":"A"`, `"do":"release","thread":"Z"`, true, ""},
	} {
		other := rewritten(t, file, func(line string) string { return strings.ReplaceAll(line, tt.old, tt.new) })
		r, err := replayed(t, other)
		if ops.ExitCode(err) != ops.ExitFailed || !strings.Contains(err.Error(), "not the same") || r == nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if r.Same || (r.Stopped > 0) != tt.stopped || tt.thread != "" && r.Thread != tt.thread {
			t.Errorf("%s: %+v", tt.name, r)
		}
		var b strings.Builder
		if err := ops.Write(&b, r, false, ops.Style{}); err != nil || !strings.Contains(b.String(), "not the same") {
			t.Errorf("%s: %v\n%s", tt.name, err, b.String())
		}
	}
	wrong := rewritten(t, file, func(line string) string { return strings.ReplaceAll(line, `policy=kmod19`, `policy=kmod20`) })
	if r, err := replayed(t, "--on", "sim", wrong); ops.ExitCode(err) != ops.ExitFailed || r == nil || r.Same {
		t.Errorf("on the model: %v: %+v", err, r)
	}
}

// TestReplayMachineCrowd: where all go at once only what comes of them counts.
func TestReplayMachineCrowd(t *testing.T) {
	file := recordedOnMachine(t, "spawn A insmod minix", "continue", "flood 5 nosuch", "continue --at-once")
	r, err := replayed(t, file)
	if err != nil || !r.Same || r.Threads != 1 || !strings.Contains(r.Note, "at once") {
		t.Errorf("%v: %+v", err, r)
	}
	var b strings.Builder
	if err := ops.Write(&b, r, false, ops.Style{}); err != nil || !strings.Contains(b.String(), "5 threads, f1 and others (request nosuch) returned") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestReplayMachineBegun: what was done before there were positions cannot be
// done again, and it is said.
func TestReplayMachineBegun(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	late := rewritten(t, file, func(line string) string {
		return strings.Replace(line, `"steps":true`, `"unrepeated":"something came before","steps":true`, 1)
	})
	if _, err := replayed(t, late); ops.ExitCode(err) != ops.ExitFailed || !strings.Contains(err.Error(), "something came before") {
		t.Errorf("%v", err)
	}
}

// TestMachineActionsInTrace: each position of a machine's trace has what led to it,
// with the events there were.
func TestMachineActionsInTrace(t *testing.T) {
	rec, err := recording.ReadFile(recordedOnMachine(t, raceLines...))
	if err != nil {
		t.Fatal(err)
	}
	_, last := rec.Positions()
	if len(rec.Actions) != last || len(rec.ActionEvents) != last || rec.ActionEvents[last-1] != len(rec.Events) {
		t.Fatalf("%d actions to position %d; events %v of %d", len(rec.Actions), last, rec.ActionEvents, len(rec.Events))
	}
	for i, n := range rec.ActionEvents {
		if snap := rec.At(i + 1); snap.Pos == i+1 && len(snap.Events) != n {
			t.Errorf("position %d: %d events, the action says %d", i+1, len(snap.Events), n)
		}
	}
}
