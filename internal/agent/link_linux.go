package agent

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openLink opens the line to the lab and, when it is a terminal (a serial
// port), has it carry bytes as they are: no echo, no signals, no translation.
// The line stays open for the life of the machine, across checkpoints.
func openLink(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the link: %w", err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening the link: %w", err)
	}
	var mode error
	err = raw.Control(func(fd uintptr) { mode = makeRaw(int(fd)) })
	if err == nil {
		err = mode
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("setting up the link %s: %w", path, err)
	}
	return f, nil
}

// makeRaw does what cfmakeraw(3) does; what is no terminal stays as it is.
func makeRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err == unix.ENOTTY {
		return nil
	}
	if err != nil {
		return err
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD) | unix.CS8 | unix.CLOCAL | unix.CREAD | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}
