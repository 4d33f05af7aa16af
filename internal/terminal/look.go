package terminal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// maxLast bounds what is kept of a program's last words, in bytes,
	maxLast = 1 << 20
	// and what is shown of them, in lines: who crashed comes first.
	maxShown = 20
)

// leaves undoes what the full screen has the terminal do: attributes, mouse,
// pasting, the alternate screen, the hidden cursor.
const leaves = "\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h"

// Main looks on until nobody holds the other end of its input, and puts the
// terminal on its output back when that end came out of order. It must be called
// before anything else in main, and its result is the exit status.
func Main() int {
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	var b before
	if binary.Read(os.Stdin, binary.NativeEndian, &b) != nil {
		fmt.Fprintln(os.Stderr, "kmodsh: the one that looks on is started by kmodsh itself")
		return 2
	}
	told, _ := io.ReadAll(io.LimitReader(os.Stdin, maxLast))
	_, _ = io.Copy(io.Discard, os.Stdin)
	screen, last, died := read(told)
	if !died {
		return 0
	}
	fd := int(os.Stdout.Fd())
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil || int32(group) != b.Group && int32(group) != b.Starter {
		return 0 // somebody else has the terminal now
	}
	// Raw modes are the program's doing; who takes the terminal back and sets
	// modes of its own, as shells do, lets signals through.
	now, err := unix.IoctlGetTermios(fd, getTermios)
	raw := err == nil && now.Lflag&unix.ISIG == 0
	if raw {
		_ = unix.IoctlSetTermios(fd, setTermios, &b.Modes)
	}
	switch {
	case screen:
		fmt.Fprint(os.Stdout, leaves, words(last))
	case raw: // what was said can be read where it was
		fmt.Fprint(os.Stdout, "\r\n", words(""))
	}
	return 0
}

// read takes in what the program has told: whether the full screen is up, what
// the runtime said of its crash, and whether the end came out of order.
func read(told []byte) (screen bool, last string, died bool) {
	for i, c := range told {
		switch c {
		case screenUp, screenDown:
			screen = c == screenUp
		case inOrder:
			return false, "", false
		default:
			return screen, string(bytes.ToValidUTF8(told[i:], []byte("?"))), true
		}
	}
	return screen, "", true
}

// words are what is said on the terminal in the end.
func words(last string) string {
	if last == "" {
		return "kmodsh has died; the terminal is as it was.\n"
	}
	lines := strings.Split(strings.TrimRight(last, "\n"), "\n")
	if more := len(lines) - maxShown; more > 0 {
		lines = append(lines[:maxShown], fmt.Sprintf("... and %d lines more", more))
	}
	for i := range lines {
		lines[i] = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0x7f {
				return '?'
			}
			return r
		}, lines[i])
	}
	return "kmodsh has crashed; the terminal is as it was. It said:\n" + strings.Join(lines, "\n") + "\n"
}
