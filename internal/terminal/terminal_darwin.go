package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// The requests that read and write a terminal's settings.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)

// selfPath is this program's file.
func selfPath() (string, error) { return os.Executable() }
