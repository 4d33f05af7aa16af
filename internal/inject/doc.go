// Package inject puts faults into a real kernel: it holds the C source of the
// test driver, kmodsh_driver.ko, builds it for a kernel, and speaks to it
// through /dev/kmodsh. The driver stops, delays or fails threads at the points
// of the table of points, starts requests, and tells what happens as one
// ordered stream of events.
//
// It must not know where a kernel or its headers come from, what a verb is, or
// how a run is stepped: whoever builds names a directory of headers, and
// whoever steps reads events and sends commands.
package inject
