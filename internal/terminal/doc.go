// Package terminal puts a terminal back when the program that drew on it dies
// and can do so no more: a fault of the runtime, a panic where nobody recovers,
// a signal that cannot be caught. A second process of the same program looks on;
// it holds the reading end of a pipe whose other end dies with the first.
//
// It must know nothing of what is drawn, or of why the program ends.
package terminal
