package condition

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// snapshot is a moment of the built-in race: A is in the window, B's helper
// has taken the module for built in.
func snapshot() *kernel.Snapshot {
	return &kernel.Snapshot{
		Now: 2_500_000_000, Pos: 40, Policy: "kmod19",
		Modules: []kernel.ModuleState{{Name: "ext4", State: trace.Coming, Refs: 1, Loader: "A", Dir: true, Users: []string{}}},
		Listed:  []kernel.Module{{Name: "ext4", State: trace.Coming}},
		Threads: []kernel.ThreadState{
			{ID: "A", Task: "load ext4", Status: "held", At: "W4", Module: "ext4", Began: 500_000_000},
			{ID: "B", Task: "request fs-ext4", Status: "done", Done: true, Result: -62, Verdict: kernel.Premature, Ended: 1e9},
			{ID: "helper-1", Parent: "B", Status: "done", Done: true, Result: 256},
		},
		Permits:   kernel.Permits{Used: 3, Max: 50},
		Events:    []trace.Event{{Point: "H2", State: trace.Builtin, Thread: trace.Thread{ID: "helper-1"}}},
		Log:       []string{"request_module fs-ext4 succeeded, but still no fs?"},
		IsBuiltin: func(name string) bool { return name == "unix" },
	}
}

func TestConditions(t *testing.T) {
	s := snapshot()
	for text, want := range map[string]bool{
		`state("ext4") == "coming"`:                               true,
		`state("unix") == "builtin" and state("xfs") == "absent"`: true,
		`thread("A").at == "W4" && at("A") == "W4"`:               true,
		`result("B") == -62`:                                      true,
		`result("B") == -ETIME`:                                   true,
		`result("A") == 0`:                                        false, // has not ended
		`result("nobody") == 0`:                                   false,
		`verdict("B") == "premature"`:                             true,
		`permits.used > 50`:                                       false,
		`log contains "still no fs"`:                              true,
		`initstate("ext4") == ""`:                                 true,
		`sysfs("ext4") and not sysfs("xfs")`:                      true,
		`listed("ext4") == "coming"`:                              true,
		`count(threads, .done) == 2`:                              true,
		`took("A") == 2 and round(took("B")) == 1`:                true,
		`helper("B").result == 256`:                               true,
		`believed("B") == "builtin"`:                              true,
		`saw("H2") == 1 and saw("H2", "A") == 0`:                  true,
		`exists("C")`:                                             false,
		`any(modules, .loader == "A" and .refs == 1)`:             true,
	} {
		c, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := c.Holds(s); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestNoConditions(t *testing.T) {
	for _, text := range []string{
		"", "  ", "state(", `state("ext4")`, `state(5) == "live"`, "nonesuch > 1", `now`, `repeat("x", 1000000) == ""`,
		`all(threads, all(threads, all(threads, true)))`, strings.Repeat("(", 600) + "1", `"` + strings.Repeat("a", maxText) + `" == ""`,
		strings.Repeat("true and ", 100) + "true",
		`any(1..100000, any(1..100000, false))`, `len(split(log, "")) > 1`,
	} {
		_, err := Compile(text)
		var words *kernel.WordsError
		if !errors.As(err, &words) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want a *kernel.WordsError of one line", text, err)
		}
	}
}

func TestExplain(t *testing.T) {
	c, err := Compile(`result("B") == 0 and (state("ext4") == "live" or count(threads, .done) > 5) and not deadlock`)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.Explain(snapshot()))
	const want = `[{result("B") -62} {state("ext4") "coming"} {count(threads, .done) 2} {deadlock false}]`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestPromisesAreConditions compiles each named promise, and breaks three.
func TestPromisesAreConditions(t *testing.T) {
	broken := map[string]bool{"zero-means-ready": true, "failure-reaches-its-caller": true, "limit-is-kept": true}
	s := snapshot()
	s.Threads[1].Result, s.Permits.Max = 0, 0
	s.Threads = append(s.Threads, kernel.ThreadState{ID: "C", Status: "blocked"}, kernel.ThreadState{ID: "helper-2", Parent: "C"})
	for _, p := range Promises() {
		c, err := CompilePromise(p.Name)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		holds, err := c.Holds(s)
		if err != nil || holds == broken[p.Name] {
			t.Errorf("%s: holds %v, %v", p.Name, holds, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, p := range Promises() {
		f.Add(p.Cond)
	}
	f.Add(`1..1000000000 == []`)
	f.Add(`let x = threads; len(x) > 1`)
	f.Add(`log matches "(a+)+$"`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Compile(text)
		if err != nil {
			return
		}
		s := snapshot()
		_, _ = c.Holds(s)
		_ = c.Explain(s)
	})
}
