package lab

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
)

const (
	// consoleKeep is how many of the last lines an error shows.
	consoleKeep = 25
	// consoleLine bounds a kept line, in bytes.
	consoleLine = 500
	// consoleFile bounds the file: a guest may print for ever.
	consoleFile = 32 << 20
	// consoleHeld bounds what is kept while there is no file yet.
	consoleHeld = 64 << 10
	// oopsKeep bounds how many lines of trouble are kept.
	oopsKeep = 8
)

// console follows what a guest prints: all of it goes to a file, the last
// lines are kept for errors, and lines that tell of the kernel's death or
// illness are noted.
type console struct {
	// panicked is closed at a kernel panic.
	panicked chan struct{}
	// ended is closed when the guest's end of the line is.
	ended chan struct{}

	mu      sync.Mutex
	file    io.Writer // nil when there is none any more, or not yet
	held    []byte    // what came while there was none yet
	written int64
	total   uint64 // bytes seen
	lines   []string
	part    []byte // of the line that has not ended
	panic   string
	fatal   string   // what the agent could not go on from
	trouble []string // oopses, stalls, hung tasks
	lost    error    // why the file is not whole
}

// newConsole returns a console that copies to file.
func newConsole(file io.Writer) *console {
	return &console{panicked: make(chan struct{}), ended: make(chan struct{}), file: file}
}

// follow reads until the guest's end of the line is closed.
func (c *console) follow(r io.Reader) {
	defer close(c.ended)
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			c.take(buf[:n])
		}
		if err != nil {
			c.mu.Lock()
			c.line()
			c.mu.Unlock()
			return
		}
	}
}

func (c *console) take(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += uint64(len(b))
	c.copy(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			c.add(b)
			return
		}
		c.add(b[:i])
		c.line()
		b = b[i+1:]
	}
}

// copy writes to the file; a disk that is full ends the copying and nothing
// else.
func (c *console) copy(b []byte) {
	if c.file == nil {
		c.held = append(c.held, b[:min(len(b), consoleHeld-len(c.held))]...)
		return
	}
	if c.written+int64(len(b)) > consoleFile {
		fmt.Fprintf(c.file, "\n[kmodsh: the rest is left out, the limit is %d MiB]\n", consoleFile>>20)
		c.file, c.lost = io.Discard, fmt.Errorf("cut off at %d MiB", consoleFile>>20)
		return
	}
	n, err := c.file.Write(b)
	c.written += int64(n)
	if err != nil {
		c.file, c.lost = io.Discard, err
	}
}

// consoleState is what a console knows at one moment of its machine.
type consoleState struct {
	total   uint64
	lines   []string
	part    []byte
	trouble []string
}

// state returns what the console knows now. A panic is not part of it: no
// moment after one can be saved.
func (c *console) state() consoleState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return consoleState{c.total, slices.Clone(c.lines), slices.Clone(c.part), slices.Clone(c.trouble)}
}

// set makes the console of a machine that was brought back know what it knew
// then. It must be called before the machine runs.
func (c *console) set(s consoleState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total, c.lines, c.part, c.trouble = s.total, slices.Clone(s.lines), slices.Clone(s.part), slices.Clone(s.trouble)
}

// let gives away the file, of which the console writes no more, with the number
// of bytes written and why it is not whole.
func (c *console) let() (file io.Writer, written int64, lost error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	file, c.file = c.file, io.Discard
	return file, c.written, c.lost
}

// use gives the console its file: it writes a note into it, what has come, and
// what will.
func (c *console) use(file io.Writer, written int64, lost error, note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.file, c.written, c.lost, c.held = file, written, lost, nil
	c.copy([]byte("\n[kmodsh: " + note + "]\n"))
	c.copy(held)
}

// add appends to the line that has not ended.
func (c *console) add(b []byte) {
	if room := 4*consoleLine - len(c.part); room > 0 {
		c.part = append(c.part, b[:min(len(b), room)]...)
	}
}

// line ends a line.
func (c *console) line() {
	s := clean(string(c.part))
	c.part = c.part[:0]
	if len(s) > consoleLine {
		s = s[:consoleLine]
	}
	if s == "" {
		return
	}
	if len(c.lines) == consoleKeep {
		c.lines = append(c.lines[:0], c.lines[1:]...)
	}
	c.lines = append(c.lines, s)
	what, text := classify(s)
	switch what {
	case linePanic:
		if c.panic == "" {
			c.panic = text
			close(c.panicked)
		}
	case lineFatal:
		if c.fatal == "" {
			c.fatal = text
		}
	case lineTrouble:
		if len(c.trouble) < oopsKeep {
			c.trouble = append(c.trouble, text)
		}
	}
}

// last returns the last lines, oldest first.
func (c *console) last() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.lines...)
}

// told returns what the lines told of: a panic, the agent's end, trouble.
func (c *console) told() (panic, fatal string, trouble []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.panic, c.fatal, append([]string(nil), c.trouble...)
}

// stalled returns the line in which the kernel says that a processor does not
// get on, "" when none does: kernel/rcu/tree_stall.h and kernel/watchdog.c of
// Linux 6.1 and 6.12.
func (c *console) stalled() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.trouble {
		if strings.HasPrefix(line, "rcu: INFO: ") || strings.HasPrefix(line, "watchdog: BUG: soft lockup") {
			return line
		}
	}
	return ""
}

// seen returns how many bytes were printed.
func (c *console) seen() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// fileLost returns why the file does not hold everything, nil when it does.
func (c *console) fileLost() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// createConsole makes the file for a console, readable by its owner only.
func createConsole(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("console file: %w", err)
	}
	return f, nil
}
