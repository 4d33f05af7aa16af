// Package early has kmod's queries for which only indexes are read (modprobe -R,
// -D, -c) answered before the rest of the program is initialised: what the screen,
// the lab and the explorer link takes longer to prepare its tables than such a
// query takes in all, and initramfs tools ask thousands of them.
//
// Go initialises packages that are ready in the order of their import paths. If
// this package imported what answers, it would be ready only behind packages such
// as strings and fmt, which sort behind the tables of decompressors and ciphers,
// though they have nothing to initialise themselves. So it imports nothing but the
// packages of that closure that have an init function, and calls the answer by its
// linker name. A test of cmd/kmodsh holds that the list is whole. It must not know
// anything but that name, and be imported by programs only.
package early

import (
	_ "context"
	_ "errors"
	_ "io/fs"
	_ "iter"
	_ "math"
	"os"
	_ "reflect"
	_ "sync"
	_ "syscall"
	_ "time"
	_ "unicode"
	_ "unsafe" // for the linker name
)

// answerQuery is Query of internal/early/answer, which a program imports, too.
//
//go:linkname answerQuery example.org/kmodsh/internal/early/answer.Query
func answerQuery(argv []string)

// init answers a query and ends the process, or does nothing.
func init() {
	enoughStack(false)
	answerQuery(os.Args)
}

// enoughStack makes the stack as large at once as a query needs it: by
// itself it would double four times, and each time be copied, and each size
// has its own pages to be made. What grows it is the frame alone; deep is false.
//
//go:noinline
func enoughStack(deep bool) {
	if deep {
		var frame [20 << 10]byte
		fill(&frame)
	}
}

//go:noinline
func fill(b *[20 << 10]byte) { clear(b[:]) }
