// Package trace holds what every other package speaks in: the module states,
// the one table of points, the one vocabulary of events, and the log that
// keeps events in order.
//
// It is the lowest package of the house. It must not know where an event came
// from (a simulated kernel, a VM, a host, a recording), what a verb is, or how
// anything is drawn.
package trace
