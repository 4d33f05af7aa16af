package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// benchmarkExplore measures whole processes: the program is built, and each
// search starts it. cpu-ms/op is the process's time on processors, which other
// work of the machine does not add to.
func benchmarkExplore(b *testing.B, status int, args ...string) {
	dir := b.TempDir()
	program := filepath.Join(dir, "kmodsh")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	least := time.Hour
	var used time.Duration
	for b.Loop() {
		cmd := exec.Command(program, append([]string{"explore", "-o", "-"}, args...)...)
		cmd.Dir = dir
		began := time.Now()
		out, err := cmd.Output()
		least = min(least, time.Since(began))
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == status {
			err = nil
		}
		if err != nil || cmd.ProcessState.ExitCode() != status {
			b.Fatalf("exit status %d, want %d: %v\n%s", cmd.ProcessState.ExitCode(), status, err, out)
		}
		used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	b.ReportMetric(float64(least.Microseconds())/1000, "best-ms")
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// BenchmarkRaceFromCold finds the built-in race from the start of the process.
func BenchmarkRaceFromCold(b *testing.B) { benchmarkExplore(b, 1, "seed/builtin-race") }

// BenchmarkThreeRequestersFromCold goes through all schedules of the race with
// three requesters beside the loader, all promises checked, in all passes, for
// each policy of the helpers.
func BenchmarkThreeRequestersFromCold(b *testing.B) {
	file := filepath.Join(b.TempDir(), "three.kmodsh")
	text := "# title: a loader and three requesters\n# targets: sim:v4.9 sim:v6.12\n\nspawn A insmod minix\nspawn B request minix\nspawn C request minix\nspawn D request minix\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, target := range []string{"sim:v4.9", "sim:v6.12"} {
		for _, policy := range []string{"kmod19", "kmod20", "verified"} {
			b.Run(target+"/"+policy, func(b *testing.B) {
				status := 0
				if policy == "kmod19" {
					status = 1
				}
				benchmarkExplore(b, status, "--on", target, "--policy", policy, "--all", file)
			})
		}
	}
}
