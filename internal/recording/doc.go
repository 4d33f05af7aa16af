// Package recording holds the one file format of kmodsh for what happened in a
// target: traces that record, explore and others write, and that open, replay,
// diff and export read. A file is JSON, one value on each line, packed by gzip,
// so that `zcat FILE | jq` reads it; docs/traces.md describes the lines. A file
// that was cut off is read as far as it is whole.
//
// It also makes a target of a file: one that shows every position and can do
// nothing. It must not know which kind of kernel a file came from, nor what a
// verb or an action means: those are values it keeps as they are.
package recording
