package trace

import (
	"slices"
	"strconv"
	"strings"
)

// FuncIn returns the kernel function that is the point in a version of the
// kernel, such as "6.12"; its Name is "" where there is none. An empty version
// is the newest.
func (p Point) FuncIn(version string) Func {
	best := Func{}
	for _, f := range p.Funcs {
		if version == "" || !Newer(f.Since, version) {
			best = f
		}
	}
	return best
}

// StopsIn says whether a thread of a real kernel of that version can be stopped
// at the point: it may be held there, and it is a stage of the loader, or the
// test driver attaches to it. An empty version is the newest.
func (p Point) StopsIn(version string) bool {
	if version == "" {
		version = "999"
	}
	hooked := slices.ContainsFunc(p.HooksIn(version), func(h Hook) bool { return !h.FailOnly })
	return p.Hold && (p.Phase == PhaseHelper || hooked)
}

// ForSomeIn says that threads of a real kernel of that version stop at the point
// for some modules only, or only while a fault names it.
func (p Point) ForSomeIn(version string) bool {
	return slices.ContainsFunc(p.HooksIn(version), func(h Hook) bool { return h.Some || h.Asked })
}

// AskedFor says whether the point is attached to only while a fault names it.
func AskedFor(id string) bool {
	p, _ := LookupPoint(id)
	return slices.ContainsFunc(p.Hooks, func(h Hook) bool { return h.Asked })
}

// ShownIn says whether a real kernel of that version can show the point: a
// thread can be stopped there, or there is a tracepoint. What is only seen from
// outside, S1, is no step of a thread.
func (p Point) ShownIn(version string) bool {
	return p.StopsIn(version) || p.Tracepoint != ""
}

// Newer says that kernel version a, "6.4", comes after b. What is no number
// counts as 0.
func Newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m > n
		}
	}
	return len(x) > len(y)
}
