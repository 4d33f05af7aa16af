// Package scenario reads, runs and judges scenarios: scripts of the debugger's
// verbs with expectations, which serve as lessons and as regression tests. The
// library of them is in the binary. Results are written as KTAP version 1
// (Documentation/dev-tools/ktap.rst).
//
// It must not know what a verb does: lines are run by a Runner, which the
// package of the verbs provides. docs/scenarios.md describes the format.
package scenario
