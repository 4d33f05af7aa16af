package export_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/recording/export"
)

// TestReproducerIsShell: a shell can read the scripts; names that would mean
// something to it, and tasks that a script cannot do, are refused.
func TestReproducerIsShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to read the scripts with")
	}
	for _, name := range []string{"race.sh", "typed.sh"} {
		if out, err := exec.Command(sh, "-n", filepath.Join("testdata", name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	rec, err := recording.ReadFile("testdata/race.trace")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []export.SpawnedTask{
		{ID: "A", Task: kernel.Task{Verb: "insmod", Name: "minix;reboot"}}, {ID: "$(reboot)", Task: kernel.Task{Verb: "insmod", Name: "minix"}},
		{ID: "A", Task: kernel.Task{Verb: "insmod", Name: "-f"}}, {ID: "A", Task: kernel.Task{Verb: "suspend"}}, {ID: "A", Task: kernel.Task{Verb: "udev", Name: "minix"}},
	} {
		var b bytes.Buffer
		if err := export.Write(&b, "sh", export.Input{Recording: rec, Tasks: []export.SpawnedTask{task}}); err == nil || b.Len() > 0 {
			t.Errorf("%+v: %v\n%s", task, err, b.String())
		}
	}
	var b bytes.Buffer
	tasks := []export.SpawnedTask{
		{ID: "A", Task: kernel.Task{Verb: "insmod", Name: "minix", Params: []string{"x='$(reboot)'"}}}, {ID: "B", Task: kernel.Task{Verb: "request", Name: "fs-minix"}},
	}
	if err := export.Write(&b, "sh", export.Input{Recording: rec, Tasks: tasks}); err != nil {
		t.Fatal(err)
	}
	script := b.String() + "\n"
	prepare := regexp.MustCompile("(?m)^prepare A .*$").FindString(script)
	out, err := exec.Command(sh, "-c", `prepare() { ko() { echo F; }; insmod() { printf "%s\n" "$@"; }; eval "$2"; }; `+prepare).CombinedOutput()
	if want := "F\nx='$(reboot)'\n"; err != nil || string(out) != want {
		t.Errorf("a parameter came through as %q, %v", out, err)
	}
}

// TestReproducerHolds: a thread that the trace leaves held, with nothing more of
// it to come, is held by the script too, or there would be no race in it.
func TestReproducerHolds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "held.trace")
	session(t, "record "+file, "policy kmod19", "hold W4 module=minix", "spawn A insmod minix", "continue",
		"spawn B request fs-minix", "continue", "record stop")
	script := exported(t, file, "sh")
	for _, want := range []string{"\nheld A W4\n", "\nstate_is minix Loading"} {
		if !strings.Contains(script, want) {
			t.Errorf("the script has no line %q:\n%s", want, script)
		}
	}
}

// TestReproducerSkips: without the driver, or without root, the script says so
// and ends with the status for that.
func TestReproducerSkips(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to run the script with")
	}
	cmd := exec.Command(sh, "testdata/race.sh")
	cmd.Env = append(os.Environ(), "KMODSH_DEV="+filepath.Join(t.TempDir(), "none"))
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 4 || !strings.Contains(string(out), "ok 1 # SKIP") {
		t.Errorf("status %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}
