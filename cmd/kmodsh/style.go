package main

import (
	"os"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/shell"
	"golang.org/x/term"
)

// style says what a file can show.
func (p *program) style(f *os.File) ops.Style {
	tty := term.IsTerminal(int(f.Fd()))
	color := tty && !p.NoColor && !p.Plain && os.Getenv("NO_COLOR") == "" && os.Getenv("CLICOLOR") != "0" && !dumb()
	st := ops.Style{Color: color, ASCII: p.ASCII || p.Plain || tty && shell.ASCIILocale(os.Getenv)}
	if tty {
		st.Width = columns(f)
	}
	return st
}

// dumb says that the terminal may know no more than lines: that is what it says of
// itself, or it says nothing.
func dumb() bool {
	term := os.Getenv("TERM")
	return term == "" || term == "dumb"
}

// columns is the width of a terminal, 80 when it does not say.
func columns(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}
