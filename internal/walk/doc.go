// Package walk moves the threads of any kernel.Debugger from one place that
// counts to the next, so that targets which do not stop at the same places can
// be compared with one another, searched and replayed by the same moves.
//
// A simulated kernel stops a thread at every point of the table; a real one
// only where the loader reports a stage or a kernel function begins. A move is
// therefore what a thread does from one stop of the coarser kind to the next,
// or to where it waits, or to its end. Threads that a move wakes, and helpers
// it makes, go on to their own next stop before the next move: on a real kernel
// nobody can hold them in between.
//
// It must not know which target it moves, verbs or scenarios.
package walk
