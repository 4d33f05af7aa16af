package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestQueriesEndEarly holds that a query of modprobe is answered before the
// screen, the decoders and the simulator are initialised, by the program and by
// the small one beside it.
func TestQueriesEndEarly(t *testing.T) {
	// The program that people get: one built for the race detector, as these
	// tests are, initialises in another order.
	dir := t.TempDir()
	for name, source := range map[string]string{"kmodsh": ".", "kmodsh-modprobe": "../kmodsh-modprobe"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	// Without inlining, as for a debugger, errors are made by init functions: nothing
	// is answered before these have run.
	debug := exec.Command("go", "build", "-gcflags=all=-N -l", "-o", filepath.Join(dir, "debug", "kmodsh-modprobe"), "../kmodsh-modprobe")
	debug.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := debug.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Link(filepath.Join(dir, "kmodsh"), filepath.Join(dir, "debug", "kmodsh")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "kmodsh"), filepath.Join(dir, "modprobe")); err != nil {
		t.Fatal(err)
	}
	root := oneModule(t)
	name := "modprobe"
	inits := func(args ...string) string {
		cmd := exec.Command(filepath.Join(dir, name), append([]string{"-d", root, "-S", "1.0", "-C", "/dev/null"}, args...)...)
		cmd.Env = []string{"GODEBUG=inittrace=1"}
		var trace strings.Builder
		cmd.Stderr = &trace
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "one") {
			t.Fatalf("%v: %q %v", args, out, err)
		}
		return trace.String()
	}
	name = "debug/kmodsh-modprobe"
	inits("-R", "one")
	late := []string{"charmbracelet/bubbletea ", "therootcompany/xz ", "kmodsh/internal/sim ", "alecthomas/kong ",
		"klauspost/compress/internal/snapref ", "crypto/internal/fips140 ", "compress/flate "}
	// The small program has not even what sorts before it and needs nothing.
	small := append([]string{"klauspost/compress", "encoding/base64 "}, late...)
	needed := answerDeps(t)
	for program, none := range map[string][]string{"modprobe": late, "kmodsh-modprobe": small} {
		name = program
		for _, query := range [][]string{{"-R", "one"}, {"-D", "one"}} {
			trace := inits(query...)
			for _, late := range none {
				if strings.Contains(trace, late) {
					t.Errorf("%s %v: %s was initialised", name, query, late)
				}
			}
		}
		// For what is no query it becomes the whole program.
		whole, early := inits("--show", "one"), inits("-R", "one")
		if !strings.Contains(whole, "charmbracelet/bubbletea ") {
			t.Errorf("%s: the trace does not show what it would have to show", name)
		}
		// What answers is called by a linker name: Go does not see to it then that
		// what it is made of has been initialised.
		seen := 0
		for _, pkg := range needed {
			init := "init " + pkg + " @"
			if !strings.Contains(whole, init) {
				continue // it has nothing to initialise
			}
			if seen++; !strings.Contains(early, init) {
				t.Errorf("%s: a query runs code of %s before that is initialised: internal/early must import it", name, pkg)
			}
		}
		if seen < 5 {
			t.Errorf("%s: %d packages of %d are initialised, which cannot be", name, seen, len(needed))
		}
	}
}

// answerDeps lists all packages that the answer to a query is made of.
func answerDeps(t *testing.T) []string {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "../../internal/early/answer")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// oneModule makes DIR/lib/modules/1.0 with one module in its text index.
func oneModule(tb testing.TB) string {
	tb.Helper()
	root := tb.TempDir()
	dir := filepath.Join(root, "lib/modules/1.0")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	for name, text := range map[string]string{"modules.dep": "one.ko:\n", "one.ko": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}

// BenchmarkWholeProcess starts modprobe -R and -D as whole processes, ours and
// kmod's in turn, on the tree KMODSH_BENCH_TREE (DIR/lib/modules/RELEASE). What
// it reports is the quickest of each and their ratio: a busy machine disturbs
// all but the quickest.
func BenchmarkWholeProcess(b *testing.B) {
	kmod := kmodTool(b, "modprobe")
	tree := os.Getenv("KMODSH_BENCH_TREE")
	root, ok := strings.CutSuffix(filepath.Dir(tree), "/lib/modules")
	if !ok {
		b.Skip("KMODSH_BENCH_TREE names no DIR/lib/modules/RELEASE")
	}
	ours := filepath.Join(b.TempDir(), "kmodsh")
	build := exec.Command("go", "build", "-o", ours, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for name, query := range map[string][]string{
		"R": {"-R", "pci:v00008086d000010D3sv00000000sd00000000bc02sc00i00"},
		"D": {"-D", "btrfs"},
	} {
		b.Run(name, func(b *testing.B) {
			args := append([]string{"-d", root, "-S", filepath.Base(tree)}, query...)
			took := func(program string, args ...string) time.Duration {
				start := time.Now()
				if err := exec.Command(program, args...).Run(); err != nil {
					b.Fatal(err)
				}
				return time.Since(start)
			}
			best := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				best[0] = min(best[0], took(ours, slices.Concat([]string{"modprobe"}, args)...))
				best[1] = min(best[1], took(kmod, args...))
			}
			b.ReportMetric(float64(best[0].Microseconds()), "ours-µs")
			b.ReportMetric(float64(best[1].Microseconds()), "kmod-µs")
			b.ReportMetric(float64(best[0])/float64(best[1]), "ours/kmod")
		})
	}
}
