// Package tui is the full screen: a module table, a dependency tree, the event
// log, an explanation of the selected event, the output of verbs and a command
// line, over whatever target the session has.
//
// All that is shown of a target is one value, Snapshot, made by pure code from
// module lists and events; panes draw a snapshot and keep nothing of it but
// where the person is (cursor, filter, sort order). To show another moment is
// to draw another snapshot.
//
// It must not know how a kernel works, what is behind a target, or what a verb
// does: verbs are run by package ops, and their results write themselves.
package tui
