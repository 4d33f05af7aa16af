package shell

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	prompt "github.com/c-bata/go-prompt"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// console is the line editor's way to the terminal. The library's own leaves
// the terminal raw while a command runs and after the end, takes one read for
// one key, and is deaf to signals; this one does neither.
//
// Every method runs on the editor's goroutines, of which Read has one of its
// own; what both touch goes through channels or is set before the other runs.
type console struct {
	fd    int
	ctx   context.Context
	saved *term.State // settings to go back to; nil while they are in force
	winch chan os.Signal

	queue [][]byte // keys not yet handed over
	rest  []byte   // escape sequence without its end
	// stop says why the editor is to give the line back, once it has been
	// told to; the editor reads it after the key that made it look.
	stop chan stopReason
	// hold keeps keys back from an editor that has got Enter and does not
	// listen any more: it would lose them.
	hold bool
	last byte
	// ahead says that the next read has what was typed while a verb ran.
	ahead bool
}

// stopReason is why the editor gives the line back unfinished.
type stopReason int

const (
	resized stopReason = iota + 1 // draw again for another width
	ended                         // the program is to end, or the terminal is gone
)

func newConsole(ctx context.Context, f *os.File) *console {
	c := &console{fd: int(f.Fd()), ctx: ctx, winch: make(chan os.Signal, 1), stop: make(chan stopReason, 1)}
	signal.Notify(c.winch, syscall.SIGWINCH)
	return c
}

func (c *console) close() {
	signal.Stop(c.winch)
	_ = c.TearDown() // the terminal may be gone
}

// Setup makes the terminal raw and lets keys through again; Read is not
// running.
func (c *console) Setup() error {
	c.hold = false
	err := c.raw()
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, 0)
	c.ahead = n > 0
	return err
}

// raw makes the terminal raw, output processing aside: without it every line
// break of another goroutine's output would make stairs.
func (c *console) raw() error {
	saved, err := term.MakeRaw(c.fd)
	if err != nil {
		return err
	}
	c.saved = saved
	t, err := unix.IoctlGetTermios(c.fd, getTermios)
	if err != nil {
		return err
	}
	t.Oflag |= unix.OPOST
	return unix.IoctlSetTermios(c.fd, setTermios, t)
}

// TearDown puts the terminal's settings back.
func (c *console) TearDown() error {
	if c.saved == nil {
		return nil
	}
	saved := c.saved
	c.saved = nil
	return term.Restore(c.fd, saved)
}

// GetWinSize returns 80 by 24 where the terminal gives nothing: the editor
// divides by the width.
func (c *console) GetWinSize() *prompt.WinSize {
	w, h, err := term.GetSize(c.fd)
	if err != nil || w < 1 || h < 1 {
		w, h = 80, 24
	}
	return &prompt.WinSize{Row: uint16(h), Col: uint16(w)}
}

// How long Read waits for keys before it looks for anything else, and for the
// rest of an escape sequence: slow links deliver one in pieces.
const (
	keyWait = 50 * time.Millisecond
	escWait = 20 * time.Millisecond
)

// nothing is what Read returns when there is no key.
var nothing = []byte{0}

// Read hands over one key.
func (c *console) Read() ([]byte, error) {
	if c.hold {
		return nothing, nil
	}
	select {
	case <-c.ctx.Done():
		return c.tell(ended), nil
	case <-c.winch:
		return c.tell(resized), nil
	default:
	}
	if len(c.queue) == 0 && !c.fill() {
		return c.tell(ended), nil
	}
	if len(c.queue) == 0 {
		return nothing, nil
	}
	key := c.queue[0]
	c.queue = c.queue[1:]
	c.last = key[len(key)-1]
	c.hold = c.last == '\r' || c.last == '\n'
	return key, nil
}

// tell makes the editor give the line back: by a key that nothing is bound to,
// after which it asks whether to stop.
func (c *console) tell(why stopReason) []byte {
	select {
	case c.stop <- why:
	default:
	}
	c.hold = true
	return wakeKey()
}

// wakeKey is what the terminal would send for F24, which no keyboard has. It
// has to be a key by name: a binding to bytes does not make the editor ask.
func wakeKey() []byte {
	for _, k := range prompt.ASCIISequences {
		if k.Key == prompt.F24 {
			return k.ASCIICode
		}
	}
	return nothing
}

// fill reads what the terminal has sent; false when the terminal is gone.
func (c *console) fill() bool {
	wait := keyWait
	if len(c.rest) > 0 {
		wait = escWait
	}
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(wait.Milliseconds()))
	if err != nil && err != unix.EINTR && err != unix.EAGAIN {
		return false
	}
	if n <= 0 {
		if len(c.rest) > 0 { // no more came: it is the Escape key
			c.queue, c.rest = append(c.queue, c.rest), nil
		}
		return true
	}
	b := make([]byte, 1024)
	n, err = unix.Read(c.fd, b)
	if err == unix.EINTR || err == unix.EAGAIN {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	b = b[:n]
	if c.ahead {
		// The end of a line without a newline, which Ctrl-D makes while the
		// terminal edits lines itself, reads as NUL once it does not
		// (__DISABLED_CHAR in drivers/tty/n_tty.c, Linux 6.12).
		c.ahead = false
		b = bytes.ReplaceAll(b, []byte{0}, []byte{ctrlD})
	}
	c.queue, c.rest = splitKeys(append(c.rest, b...))
	return true
}

// suspend stops the program as Ctrl-Z does elsewhere, and goes on when it is
// told to.
func (c *console) suspend() {
	cont := make(chan os.Signal, 1)
	signal.Notify(cont, syscall.SIGCONT)
	defer signal.Stop(cont)
	if c.TearDown() != nil {
		return
	}
	// The whole process group, as the terminal itself would.
	if syscall.Kill(0, syscall.SIGTSTP) == nil {
		// Where nobody does job control the signal is ignored and no SIGCONT
		// comes; otherwise time stands still until it does.
		select {
		case <-cont:
		case <-time.After(suspendWait):
		}
	}
	if c.raw() != nil {
		return // Read will find out
	}
	select {
	case c.winch <- syscall.SIGWINCH:
	default:
	}
}

// suspendWait is how long a stop may take to come.
const suspendWait = 200 * time.Millisecond
