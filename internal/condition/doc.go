// Package condition is the expression language in which breakpoints, until,
// expect and promises are written: a text is compiled once, with its mistakes
// reported, and then asked of snapshots of a target.
//
// It looks and never touches: no function of the language changes anything,
// and size and effort of a condition are bounded. It must not know verbs,
// scenarios, or where a snapshot comes from.
package condition
