package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// In a test the program is started under its own name, and by its others.
	run := func() {
		main()
	}
	testscript.Main(tidied{m}, map[string]func(){"kmodsh": run, "modprobe": run, "depmod": run})
}

// buildDir is where tests put what they build for all of them.
var buildDir string

// tidied are the tests, with that directory.
type tidied struct{ *testing.M }

func (m tidied) Run() int {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // of the programs that tests start: each would wait a second at its end
	var err error
	if buildDir, err = os.MkdirTemp("", "kmodsh-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(buildDir)
	return m.M.Run()
}

// TestScripts runs the whole program as a person does, without a kernel.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("KMODSH_CACHE", e.WorkDir+"/cache")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			// A session on a real 6.12, as record wrote it, without the kernel's log.
			trace, err := os.ReadFile("testdata/machine.trace")
			if err == nil {
				err = os.WriteFile(e.WorkDir+"/machine.trace", trace, 0o644)
			}
			if err != nil {
				return err
			}
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each program waits a second at its end under the race detector
			return nil
		},
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"status": status},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// status runs a program and holds it to an exit status: status 2 kmodsh laod.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if want, _ := strconv.Atoi(args[0]); code != want {
		ts.Fatalf("exit status %d, want %s", code, args[0])
	}
}
