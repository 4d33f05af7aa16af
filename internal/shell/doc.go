// Package shell is the line front: it runs verbs that are typed at a prompt,
// read from a script, or given on the command line, and writes their results
// and errors. It also keeps the history of lines.
//
// It must not know how a kernel works, what is behind a target or what a verb
// does: package ops does.
package shell
