// Package quiet keeps the terminal from being questioned at start-up. Bubble
// Tea asks it for its background colour in a package init, so in every process
// that links it, and waits up to five seconds for the answer: on a serial
// console, under a script, or where the kernel starts this program as
// /sbin/modprobe, nobody answers. Deciding the colour before that makes Lip
// Gloss answer the question itself.
//
// It must know nothing of the program, and be imported by package main only.
package quiet

import "github.com/charmbracelet/lipgloss"

// init is the one init with an effect in this program; no later place would
// do. Go initialises packages that are ready in the order of their import
// paths, so it runs before Bubble Tea's as long as this package's path sorts
// first, which a test of the house holds. Dark is what the palette of the
// screen takes for granted too.
func init() { lipgloss.SetHasDarkBackground(true) }
