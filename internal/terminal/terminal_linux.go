package terminal

import "golang.org/x/sys/unix"

// The requests that read and write a terminal's settings.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)

// selfPath is this very program, also when its file was replaced or removed.
func selfPath() (string, error) { return "/proc/self/exe", nil }
