//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/ops"
)

// commandLimit bounds one command on a machine, far above what it takes.
const commandLimit = 10 * time.Minute

// command runs the program as a person does.
func command(t *testing.T, bin, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	began := time.Now()
	rerr := cmd.Run()
	var exit *exec.ExitError
	if rerr != nil && !errors.As(rerr, &exit) {
		t.Fatalf("kmodsh %s: %v", strings.Join(args, " "), rerr)
	}
	t.Logf("kmodsh %s: exit %d after %s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), time.Since(began).Round(100*time.Millisecond))
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// answer runs the program with --json and decodes what it says.
func answer(t *testing.T, bin string, wants int, into any, args ...string) {
	t.Helper()
	out, errs, status := command(t, bin, "", append([]string{"--json"}, args...)...)
	if status != wants {
		t.Fatalf("kmodsh %s: exit %d, want %d\n%s%s", strings.Join(args, " "), status, wants, out, errs)
	}
	if err := json.NewDecoder(strings.NewReader(out)).Decode(into); err != nil {
		t.Fatalf("kmodsh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

const twoRequests = `# title: Two requests for one module
# shows: The second comes while the helper of the first sets the module up.
# source: kmod commit fd44a98
# targets: sim:v6.1 sim:v6.12

policy kmod19
spawn B request fs-minix
spawn C request fs-minix
`

// TestVMSearch searches real kernels for the built-in race with two requesters
// and opens what was kept of it. With KMODSH_LONG set, which makes it take some
// minutes, it takes the schedule to the kernel again by holds and by delays
// alone, and has model and kernel agree on 25 schedules of one scenario.
func TestVMSearch(t *testing.T) {
	onKernels(t, searchVM)
}

// onKernels does something on each of the lab's kernels at the same time, since a
// machine has one processor, with the program as a person builds it, and the test
// driver built.
func onKernels(t *testing.T, do func(t *testing.T, bin, series string)) {
	t.Parallel()
	kernels := []string{"6.1", "6.12"}
	for _, series := range kernels {
		needVM(t, series)
	}
	bin := buildStatic(t)
	if out, errs, status := command(t, bin, "", append([]string{"lab", "driver", "build"}, kernels...)...); status != 0 {
		t.Fatalf("the test driver: %s%s", out, errs)
	}
	for _, series := range kernels {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			do(t, bin, series)
		})
	}
}

func searchVM(t *testing.T, bin, series string) {
	on := "vm:" + series
	scenario := filepath.Join(t.TempDir(), "two-requests.kmodsh")
	if err := os.WriteFile(scenario, []byte(twoRequests), 0o600); err != nil {
		t.Fatal(err)
	}
	var found ops.ExploreResult
	answer(t, bin, 1, &found, "explore", "--on", on, "--bound", "1", "-o", "-", scenario)
	one := found.Searches[0]
	if len(one.Found) != 1 || one.Live == nil || len(one.Live.Strayed) > 0 {
		t.Fatalf("explore: %+v", one)
	}
	f := one.Found[0]
	if f.Promise != "zero-means-ready" || !strings.Contains(f.Says, "premature") || f.Token == "" || !strings.HasPrefix(f.Opens, on+"@") {
		t.Fatalf("explore: %s %q, opens %q, token %q", f.Promise, f.Says, f.Opens, f.Token)
	}
	t.Logf("%d moves: %v", one.Report.Steps, f.Moves)

	// The moment before: one step of who moved last, and it happens.
	script := `expect not done("C")
until done("C")
expect verdict("C") == "premature" and state("minix") == "coming"
back
expect not done("C")
`
	if out, errs, status := command(t, bin, script, "--on", f.Opens, "shell"); status != 0 {
		t.Errorf("in %s:\n%s%s", f.Opens, out, errs)
	}

	t.Run("again", func(t *testing.T) {
		if os.Getenv("KMODSH_LONG") == "" {
			t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
		}
		searchedAgain(t, bin, series, f.Token)
	})
}

// searchedAgain takes the schedule of a search to the kernel that was searched.
func searchedAgain(t *testing.T, bin, series, token string) {
	on := "vm:" + series
	var again ops.ForcedResult
	answer(t, bin, 0, &again, "replay", "--on", on, token)
	if !again.Same || !strings.Contains(again.Says, "premature") {
		t.Errorf("by holds: %+v", again)
	}
	var late ops.ForcedResult
	answer(t, bin, 0, &late, "replay", "--on", on, "--delays", "2", "--slot", "500ms", token)
	if late.Trials != 2 || late.Hits == 0 || len(late.Delays) == 0 {
		t.Errorf("by delays: %+v", late)
	}
	t.Logf("by delays: %d of %d: %+v", late.Hits, late.Trials, late.Ends)

	// Ten milliseconds in the window, and nobody held in it: B is about to look,
	// A about to make the directory, and both go at once.
	script := `spawn B load --policy=kmod19 minix
until at("B") == "H1"
spawn A insmod minix
step A
until at("A") == "L14"
expect not sysfs("minix")
delay W4 10ms module=minix
continue --at-once
expect result("A") == 0 and state("minix") == "live"
expect result("B") == 0 and verdict("B") == "false-builtin"
`
	if out, errs, status := command(t, bin, script, "--on", on, "shell"); status != 0 {
		t.Errorf("10 ms in the window:\n%s%s", out, errs)
	}

	var agree ops.ConformResult
	answer(t, bin, 0, &agree, "conform", "vector/v02", "--sim", "v"+series, "--vm", series, "-n", "25", "--seed", series[2:])
	n := 0
	for _, c := range agree.Cases {
		n += c.Schedules
	}
	if n != 25 {
		t.Errorf("%d schedules agree, of 25: %+v", n, agree)
	}
}
