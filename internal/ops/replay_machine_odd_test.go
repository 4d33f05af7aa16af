package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
)

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
