package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

var updateGolden = flag.Bool("update-golden", false, "rewrite the traces in testdata/golden")

// goldenRun is a run whose whole trace is kept in testdata/golden: it is to be
// the same, byte for byte, on every machine.
type goldenRun struct {
	name, profile string
	seed          uint32
	set           []string
	faults        []Fault
	tasks         []string // of the threads A, B, C
}

func goldenRuns() []goldenRun {
	return []goldenRun{
		{"builtin-race", "v4.9", 1, []string{"policy=kmod19"}, nil, []string{"insmod minix", "getfs minix", "load --policy=kmod20 minix"}},
		{"failing-init", "v6.12", 2, nil, nil, []string{"insmod victim s=x init_ret=-5 init_ms=30", "insmod --copy victim", "request victim"}},
		{"bad-parameter", "v4.14", 3, nil, nil, []string{"insmod victim s=x n=bad", "load victim", "rmmod victim"}},
		{"one-permit", "v6.1", 4, []string{"kmod-max=1", "policy=kmod20"}, nil, []string{"request minix", "request dummy", "request fs-ext4"}},
		{"dependency-held", "v6.12", 5, nil, []Fault{{Point: "L17", Module: "victim", Delay: 65e9}}, []string{"insmod victim", "insmod user", "rmmod victim"}},
		{"shared-answer", "v6.12", 6, []string{"dup-merge=on", "sanity-check=on"}, []Fault{{Point: "W5", Module: "minix", Fail: ENOMEM, Hit: 2}}, []string{"request minix", "request minix", "request --nowait minix"}},
		{"suspend", "v6.1", 7, nil, []Fault{{Point: "R8", Lie: "slow:2s"}}, []string{"request fs-xfs", "suspend", "resume"}},
	}
}

// trace plays the run, its threads chosen by a generator that is written out
// here, and returns all that can be told of it. hashes is of what a search goes
// by, the state after each step and what the step touched; it changes with the
// search and is compared between processors only.
func (g goldenRun) trace(t *testing.T) (text []byte, hashes string) {
	t.Helper()
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	r := NewRun(sys, testProfile(t, g.profile))
	defer func() { r.Close() }()
	do := func(a Action) {
		if err := r.Do(a); err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
	}
	for _, s := range g.set {
		do(Action{Kind: DoSet, Value: s})
	}
	for i := range g.faults {
		do(Action{Kind: DoFault, Fault: &g.faults[i]})
	}
	for i, words := range g.tasks {
		task, err := kernel.ParseTask(strings.Fields(words))
		if err != nil {
			t.Fatal(err)
		}
		do(Action{Kind: DoSpawn, Thread: string(rune('A' + i)), Task: &task})
	}
	w := r.World()
	w.Track(true)
	sum := sha256.New()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s on %s: %s\nsystem %s\n", g.name, g.profile, strings.Join(g.tasks, "; "), sys.Fingerprint())
	for x := g.seed; r.Pos() < 5000; {
		ready := w.Runnable(nil)
		if len(ready) == 0 {
			if _, timer := w.NextTimer(); !timer {
				break
			}
			do(Action{Kind: DoAdvance})
			continue
		}
		x = x*1664525 + 1013904223 // Numerical Recipes' generator
		th := ready[int(x>>16)%len(ready)]
		do(Action{Kind: DoStep, Thread: th.ID})
		fmt.Fprintf(&b, "%s ", th.ID)
		fmt.Fprintf(sum, "%x %v\n", w.StateHash(), w.Footprint())
	}
	b.WriteByte('\n')
	for _, e := range w.Events() {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	for i := range g.tasks {
		o := *r.Outcome(string(rune('A' + i)))
		fmt.Fprintf(&b, "%c: ret %d verdict %q state %q began %d ended %d error %v\n", 'A'+i, o.Ret, o.Verdict, o.State, o.Began, o.Ended, o.Err)
	}
	fmt.Fprintf(&b, "log:\n%s\nmodules:\n%s", strings.Join(w.Log(), "\n"), w.ProcModules())
	return b.Bytes(), hex.EncodeToString(sum.Sum(nil)[:8])
}

// hashesOf are the hashes of all runs, in one line.
func hashesOf(t *testing.T) string {
	line := "hashes"
	for _, g := range goldenRuns() {
		_, h := g.trace(t)
		line += " " + h
	}
	return line
}

// TestGoldenTraces: the traces are those that were kept, every time.
func TestGoldenTraces(t *testing.T) {
	for _, g := range goldenRuns() {
		file := filepath.Join("testdata", "golden", g.name+".trace")
		got, hashes := g.trace(t)
		if *updateGolden {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			if !bytes.Equal(got, want) {
				t.Fatalf("%s, time %d: not as in %s (go test ./internal/sim -run TestGoldenTraces -update-golden rewrites it); first difference:\n%s", g.name, i+1, file, firstDifference(got, want))
			}
			var again string
			if got, again = g.trace(t); again != hashes {
				t.Fatalf("%s, time %d: other states", g.name, i+2)
			}
		}
	}
	t.Log(hashesOf(t))
}

func firstDifference(got, want []byte) string {
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// TestGoldenTracesElsewhere builds this test for other processors and runs it
// there: arm64 in qemu-user, where that is installed, and when KMODSH_LONG is set
// 32 bits too, which an amd64 kernel runs itself; nothing else needs a standard
// library for those, which takes half a minute to compile.
func TestGoldenTracesElsewhere(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" || testing.Short() {
		t.Skipf("on linux/amd64, and not with -short: this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	want := hashesOf(t)
	for _, tt := range []struct{ arch, runner string }{{"386", ""}, {"arm64", "qemu-aarch64-static"}} {
		t.Run(tt.arch, func(t *testing.T) {
			if tt.arch == "386" && os.Getenv("KMODSH_LONG") == "" {
				t.Skip("takes half a minute to compile: KMODSH_LONG=1 runs it")
			}
			if tt.runner != "" {
				if _, err := exec.LookPath(tt.runner); err != nil {
					t.Skipf("no %s: apt-get install qemu-user-static", tt.runner)
				}
			}
			program := filepath.Join(t.TempDir(), "sim.test")
			build := exec.Command("go", "test", "-c", "-trimpath", "-o", program, ".") // as releases are built, for one cache
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+tt.arch, "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", build, err, out)
			}
			args := append(strings.Fields(tt.runner), program, "-test.run=^TestGoldenTraces$", "-test.v")
			out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestGoldenTraces ")) || !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s: %v, want %s\n%s", tt.arch, err, want, out)
			}
		})
	}
}
