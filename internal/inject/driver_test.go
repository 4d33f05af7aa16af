package inject

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.org/kmodsh/internal/trace"
)

// driverFile returns a file of the embedded source.
func driverFile(t *testing.T, name string) string {
	t.Helper()
	b, err := source.ReadFile("driver/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// words returns the quoted strings of the C array that follows mark.
func words(t *testing.T, file, mark string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(driverFile(t, file), mark)
	if !ok {
		t.Fatalf("%s has no %q", file, mark)
	}
	body, _, _ := strings.Cut(rest, "};")
	var list []string
	for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(body, -1) {
		list = append(list, m[1])
	}
	return list
}

// TestTwoSides holds the words and bounds of the driver's source and of this
// package together.
func TestTwoSides(t *testing.T) {
	for _, c := range []struct {
		file, mark string
		want       []string
	}{
		{"arguments.c", "kmodsh_layouts[LAY_COUNT] = {", strs(layoutsInC)},
		{"events.c", "kinds[EV_KINDS] = {", strs(kinds)},
		{"events.c", "actions[] = {", strs([]Action{DoRecord, DoHold, DoDelay, DoFail})},
		{"events.c", "states[] = {", strs([]trace.State{trace.Live, trace.Coming, trace.Going, trace.Unformed})},
		{"verbs.c", "scopes[] = {", strs([]Scope{Anywhere, InLoad, InUnload, InModule})},
		{"umh.c", "states[] = {", UMHStates},
		{"verbs.c", "modes[] = {", strs(modes)},
	} {
		if got := words(t, c.file, c.mark); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s %q, here %q", c.file, c.mark, got, c.want)
		}
	}
	limits := map[string]int{
		"LINE": MaxLine, "OUT": maxEvent, "ID": MaxID, "FUNC": MaxFunc, "NAME": MaxName,
		"RULES": MaxRule, "THREADS": MaxRequests, "MS": int(MaxWait.Milliseconds()),
	}
	text := driverFile(t, "limits.h")
	for name, want := range limits {
		m := regexp.MustCompile(`#define KMODSH_` + name + `\s+([0-9]+)`).FindStringSubmatch(text)
		if m == nil {
			t.Errorf("limits.h has no KMODSH_%s", name)
		} else if n, _ := strconv.Atoi(m[1]); n != want {
			t.Errorf("KMODSH_%s is %d, here %d", name, n, want)
		}
	}
}

// layoutsInC are the layouts in the order of the driver's enum.
var layoutsInC = []Layout{
	LayoutNone, LayoutModule, LayoutString0, LayoutString1, LayoutRequest, LayoutQuery, LayoutPermit, LayoutArgv,
	LayoutHelper, LayoutChild, LayoutExec, LayoutKobject, LayoutHolders, LayoutFile, LayoutRead, LayoutSyscall,
	LayoutDelete, LayoutInitcall, LayoutNamed, LayoutTask,
}

func strs[S ~string](list []S) []string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// TestSkips holds the driver's list of functions that may be skipped and the
// table of points together.
func TestSkips(t *testing.T) {
	_, body, _ := strings.Cut(driverFile(t, "deny.c"), "skips[] = {")
	body, _, _ = strings.Cut(body, "};")
	inC := map[string]string{} // function: the only errno
	for _, m := range regexp.MustCompile(`\{ "([^"]+)"(?:[^}]*\.only = ([A-Z]+))?[^}]*\}`).FindAllStringSubmatch(body, -1) {
		inC[m[1]] = m[2]
	}
	// What may be failed and is no row: the helper's exec, the notifier, and a
	// function of 6.12 for hooks by hand.
	inTable := map[string]string{"kernel_execve": "", "notifier:COMING": "", "init_module_from_file": ""}
	for _, p := range trace.Points() {
		for _, h := range p.Hooks {
			if h.Skip {
				inTable[h.Func] = h.SkipWith
			}
		}
	}
	if !maps.Equal(inC, inTable) {
		t.Errorf("the driver may skip %v\nthe table of points says %v", inC, inTable)
	}
}

// TestHooks puts every hook of the table into words, for both kernels.
func TestHooks(t *testing.T) {
	for _, version := range []string{"4.9", "6.1", "6.12"} {
		hooks := slices.Concat(TableHooks(version), RequestHooks(), WaitHooks(), NotifierHooks())
		for _, h := range hooks {
			if _, err := Line(h); err != nil {
				t.Errorf("%s: %v", version, err)
			}
		}
		r5 := slices.ContainsFunc(hooks, func(h Hook) bool { return h.ID == "R5" })
		if r5 != (version == "6.12") {
			t.Errorf("%s: R5 is hooked: %v", version, r5)
		}
	}
	for _, r := range Returns() {
		if _, err := Line(r); err != nil {
			t.Error(err)
		}
	}
	p, _ := trace.LookupPoint("W3")
	if !p.FailsIn("6.1", "ENOMEM") || p.FailsIn("6.1", "EEXIST") {
		t.Error("W3 fails with ENOMEM alone")
	}
	if p, _ = trace.LookupPoint("L6"); p.FailsIn("6.12", "EEXIST") {
		t.Error("L6 cannot be made to fail in a real kernel")
	}
}

// TestSource looks at the source for what the kernel's build does not.
func TestSource(t *testing.T) {
	entries, err := source.ReadDir("driver")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text := driverFile(t, e.Name())
		first, _, _ := strings.Cut(text, "\n")
		if !strings.Contains(first, "SPDX-License-Identifier: GPL-2.0") {
			t.Errorf("%s begins without its licence", e.Name())
		}
		if n := strings.Count(text, "\n"); n > 300 {
			t.Errorf("%s has %d lines", e.Name(), n)
		}
		for i, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(line, " ") && !strings.HasPrefix(line, " *") || strings.TrimRight(line, " \t") != line {
				t.Errorf("%s:%d: spaces for a tab, or at the end: %q", e.Name(), i+1, line)
			}
			if n := len(line) + 7*strings.Count(line, "\t"); n > 110 && !strings.Contains(line, ".irp") {
				t.Errorf("%s:%d: %d columns", e.Name(), i+1, n)
			}
		}
		if strings.HasSuffix(e.Name(), ".c") && !strings.Contains(driverFile(t, "Kbuild"), strings.TrimSuffix(e.Name(), ".c")+".o") {
			t.Errorf("%s is not built", e.Name())
		}
	}
	dir := t.TempDir()
	if err := writeSource(dir); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != len(entries) {
		t.Errorf("%d files were written of %d", len(list), len(entries))
	}
	if _, err := os.Stat(filepath.Join(dir, "stubs.S")); err != nil || len(SourceKey()) != 24 {
		t.Errorf("key %q, %v", SourceKey(), err)
	}
}

// TestDenied holds the driver's list of functions that are never hooked and the
// one that people are told of together.
func TestDenied(t *testing.T) {
	var here []string
	for _, n := range trace.NeverHeldFunctions() {
		here = append(here, n.Prefix)
	}
	if inC := words(t, "deny.c", "denied[] = {"); !slices.Equal(inC, here) {
		t.Errorf("the driver never hooks %q\npeople are told %q", inC, here)
	}
	for _, p := range trace.Functions() {
		if len(PointHooks(p, "6.12")) != 1 || !p.Hold {
			t.Errorf("%s is offered, and may not be hooked: %+v", p.ID, p)
			continue
		}
		if _, err := Line(PointHooks(p, "6.12")[0]); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		_, body, _ := strings.Cut(driverFile(t, "deny.c"), "skips[] = {")
		if skips := strings.Contains(body, `"`+strings.TrimPrefix(p.ID, trace.FuncPrefix)+`"`); len(p.Fail) > 0 && !skips {
			t.Errorf("%s may fail with %v, and the driver does not skip it", p.ID, p.Fail)
		}
	}
	for id, hold := range map[string]bool{
		"fn:vfs_open": true, "fn:down_timeout": true, "fn:find_module_all": false, "fn:module_put": false, "fn:mutex_lock": false, "fn:lock_acquire": false, "fn:__might_resched": false, "fn:kmemleak_alloc": false,
	} {
		if p, ok := trace.LookupPoint(id); !ok || p.Hold != hold || !hold && (p.Why == "" || len(p.Hooks) > 0) {
			t.Errorf("%s: %+v, %v", id, p, ok)
		}
	}
	for _, id := range []string{"fn:", "fn:a b", "fn:" + strings.Repeat("x", 61), "fn:é", "FN:vfs_open"} {
		if p, ok := trace.LookupPoint(id); ok {
			t.Errorf("%q is a point: %+v", id, p)
		}
	}
}
