package terminal

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Arg is the hidden first argument with which the program starts itself as the
// one that looks on.
const Arg = "__terminal"

// What the program tells the one that looks on, a byte each. What the runtime
// writes when it crashes begins with none of them.
const (
	screenUp   = 1
	screenDown = 2
	inOrder    = 3 // the end is an ordinary one
)

// before is what the program tells first: how the terminal was found, and who may
// have it when it is put back.
type before struct {
	Modes   unix.Termios
	Group   int32 // the program's process group
	Starter int32 // that of whoever started it: a shell takes the terminal back
}

// Guard is a process that looks on. The nil Guard does nothing.
type Guard struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	w   *os.File
}

// Watch starts a process that puts tty back, as it is now, when this one ends
// without End. It is nil where there is no such terminal, or no process can be
// started: then all goes on without.
func Watch(tty *os.File) *Guard {
	modes, err := unix.IoctlGetTermios(int(tty.Fd()), getTermios)
	if err != nil {
		return nil
	}
	self, err := selfPath()
	if err != nil {
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil
	}
	defer r.Close()
	// Under its own name, by which a program of several names knows what it is.
	g := &Guard{cmd: &exec.Cmd{Path: self, Args: []string{os.Args[0], Arg}}, w: w}
	g.cmd.Stdin, g.cmd.Stdout, g.cmd.Stderr = r, tty, tty
	// In a process group of its own it gets no signal that a key makes.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if g.cmd.Start() != nil {
		w.Close()
		return nil
	}
	b := before{Modes: *modes, Group: int32(unix.Getpgrp())}
	if group, err := unix.Getpgid(os.Getppid()); err == nil {
		b.Starter = int32(group)
	}
	var text bytes.Buffer
	_ = binary.Write(&text, binary.NativeEndian, b) // all of it has a fixed size
	g.tell(text.Bytes()...)
	// What the runtime says on a screen that is being drawn cannot be read.
	_ = debug.SetCrashOutput(w, debug.CrashOptions{})
	return g
}

// tell writes to the process that looks on; when that is gone, to nobody.
func (g *Guard) tell(b ...byte) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = g.w.Write(b)
}

// Screen says that the full screen is up, or no more.
func (g *Guard) Screen(up bool) {
	if up {
		g.tell(screenUp)
	} else {
		g.tell(screenDown)
	}
}

// End says that the terminal is as it was, and waits until nobody looks on.
func (g *Guard) End() {
	if g == nil {
		return
	}
	_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
	g.tell(inOrder)
	g.w.Close()
	_ = g.cmd.Wait()
}
