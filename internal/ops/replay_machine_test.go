package ops_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
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

// TestReplayMachineHostile: a file that was made by hand does nothing that cannot
// be typed, and opens no target but a machine.
func TestReplayMachineHostile(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	for _, action := range []string{
		`{"do":"exec","value":"/bin/sh"}`,
		`{"do":"spawn","thread":"../A","task":{"verb":"insmod","name":"minix"}}`,
		`{"do":"spawn","thread":"helper-9","task":{"verb":"insmod","name":"minix"}}`,
		`{"do":"spawn","thread":"C"}`,
		`{"do":"spawn","thread":"C","task":{"verb":"rmmod","name":"minix","copy":true}}`,
		`{"do":"spawn","thread":"C","task":{"verb":"load","name":"-r"}}`,
		`{"do":"spawn","thread":"C","task":{"verb":"load","name":"a\u0000b"}}`,
		`{"do":"fault","fault":{"n":9,"point":"W4","hold":true,"fail":12}}`,
		`{"do":"fault","fault":{"n":9,"point":"L6","hold":true}}`,
		`{"do":"fault","fault":{"n":9,"point":"W4","delay_ns":-5}}`,
		`{"do":"fault","fault":{"n":9,"point":"W4"}}`,
		`{"do":"signal","thread":"A","value":"STOP"}`,
		`{"do":"wait","for_ns":-1}`,
		`{"do":"unfault"}`, `{"do":"fault"}`, `{"do":"step"}`, `{"do":"set","value":"policy"}`, `{"do":"request","value":"a b\u001b"}`, `[]`, `7`,
	} {
		first := true
		bad := rewritten(t, file, func(line string) string {
			if strings.Contains(line, `"type":"action"`) && first {
				first = false
				return `{"type":"action","pos":1,"action":` + action + "}\n"
			}
			return line
		})
		if _, err := replayed(t, bad); ops.ExitCode(err) != ops.ExitUsage || !strings.Contains(err.Error(), "action 1 of the trace") {
			t.Errorf("%s: %v", action, err)
		}
		if _, err := replayed(t, "--on", "sim", bad); ops.ExitCode(err) != ops.ExitUsage {
			t.Errorf("%s on the model: %v", action, err)
		}
	}
	for _, target := range []string{"host", "vm:", "vm:../x", "trace:/etc/passwd", "bundle:x", "vm:6.12\u001b[2J"} {
		bad := rewritten(t, file, func(line string) string {
			return strings.Replace(line, `"target":"vm:6.12"`, `"target":"`+strings.ReplaceAll(target, "\u001b", `\u001b`)+`"`, 1)
		})
		if _, err := replayed(t, bad); ops.ExitCode(err) != ops.ExitUsage || strings.Contains(err.Error(), "\u001b") {
			t.Errorf("recorded on %q: %v", target, err)
		}
	}
}

// TestReplayMachineMissing: who has not the kernel is told what is missing, and
// what can be done without it.
func TestReplayMachineMissing(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	s := withMachines()
	defer s.Close()
	s.Missing = func(target string, _ bool) error { return errors.New("no kernel for " + target + "; get it so") }
	_, err := s.Exec(context.Background(), []string{"replay", file})
	if ops.ExitCode(err) != ops.ExitUnavailable || !strings.Contains(err.Error(), "no kernel for vm:6.12; get it so") {
		t.Errorf("%v", err)
	}
	if hint := ops.ReportError(err).Hint; !strings.Contains(hint, "kmodsh open ") || !strings.Contains(hint, "--on sim:v6.12") {
		t.Errorf("hint %q", hint)
	}
	does(t, s, "replay --on sim "+file) // named by the person: nobody asks
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

// TestReplayMachineMidway: what begins with threads on their way is repeated only
// from there.
func TestReplayMachineMidway(t *testing.T) {
	file := recordedOnMachine(t, raceLines...)
	kept := rewritten(t, file, func(line string) string {
		line = strings.Replace(line, `"target":"vm:6.12"`, `"target":"vm:6.12@kept"`, 1)
		if !strings.Contains(line, `"type":"snapshot","pos":0,`) {
			return line
		}
		var frame map[string]any
		if err := json.Unmarshal([]byte(line), &frame); err != nil {
			t.Fatal(err)
		}
		frame["threads"], frame["thread_order"] = []any{map[string]any{"id": "Z", "at": "W4"}}, []string{"Z"}
		b, err := json.Marshal(frame)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	})
	for _, on := range []string{"sim", "vm:6.12"} {
		if _, err := replayed(t, "--on", on, kept); ops.ExitCode(err) != ops.ExitFailed || !strings.Contains(err.Error(), "vm:6.12@kept") {
			t.Errorf("on %s: %v", on, err)
		}
	}
}

// TestReplayMachineDied: the kernel that died of a step dies of it again, in the
// same words but for the numbers.
func TestReplayMachineDied(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dead.trace")
	s := withMachines()
	defer s.Close()
	does(t, s, "target vm:6.12", "record "+file, "spawn A insmod minix dies=1")
	if err := tries(s, "continue"); err == nil {
		t.Fatal("it lives")
	}
	if err := tries(s, "record stop"); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.ReadFile(file)
	if err != nil || rec.Died == nil || rec.Died.Why != "kernel panic: as it was asked to 7" || string(rec.Died.Action) != `{"do":"step","thread":"A"}` {
		t.Fatalf("%v: %+v", err, rec.Died)
	}
	r, err := replayed(t, file)
	if err != nil || !r.Same || r.Died != rec.Died.Why || r.Compared == 0 {
		t.Errorf("%v: %+v", err, r)
	}
	if r, err := replayed(t, "--on", "sim", file); err != nil || !strings.Contains(r.Note, "died") {
		t.Errorf("on the model: %v: %+v", err, r)
	}
	for _, change := range [][2]string{{"dies=1", "lives=1"}, {"kernel panic: as", "kernel oops: as"}} {
		other := rewritten(t, file, func(line string) string { return strings.ReplaceAll(line, change[0], change[1]) })
		if r, err := replayed(t, other); ops.ExitCode(err) != ops.ExitFailed || r == nil || r.Same || r.Stopped != len(rec.Actions)+1 {
			t.Errorf("%v: %v: %+v", change, err, r)
		}
	}
	bad := rewritten(t, file, func(line string) string {
		return strings.Replace(line, `{"type":"died","action":{"do":"step"`, `{"type":"died","action":{"do":"exec"`, 1)
	})
	if _, err := replayed(t, bad); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("by hand: %v", err)
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
