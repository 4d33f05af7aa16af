// Package bundle writes and reads triage bundles: what one kernel showed at one
// moment of its modules, its indexes and its configuration, in one file, so that
// another person can ask why, deps, alias and states of it on another machine.
//
// It must not know which target a bundle is of, nor verbs. It reads bundles that
// anybody may have made: nothing of one is unpacked to disk, and all is bounded.
package bundle
