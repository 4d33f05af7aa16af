package inject

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Client is a session with the driver of the kernel this process runs on.
// Commands may be sent from any goroutine; events are read by one.
type Client struct {
	f    *os.File
	send sync.Mutex
	buf  []byte // read and not yet given out
	room []byte
}

// Open begins a session. The error wraps fs.ErrNotExist when the driver is not
// loaded and syscall.EBUSY when somebody else has a session.
func Open() (*Client, error) {
	f, err := os.OpenFile(Device, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the test driver is not loaded: %w", err)
	case errors.Is(err, syscall.EBUSY):
		return nil, fmt.Errorf("the test driver serves somebody else: %w", err)
	case err != nil:
		return nil, fmt.Errorf("the test driver: %w", err)
	}
	return &Client{f: f, room: make([]byte, 64<<10)}, nil
}

// Close ends the session: rules and hooks go, everybody held goes on.
func (c *Client) Close() error { return c.f.Close() }

// SetReadDeadline bounds the next calls of Next, whose error is then
// os.ErrDeadlineExceeded; the zero time does not.
func (c *Client) SetReadDeadline(t time.Time) error { return c.f.SetReadDeadline(t) }

// Send does commands in order, up to the first that the driver refuses. The
// error is then a *RefusedError.
func (c *Client) Send(commands ...Command) error {
	c.send.Lock()
	defer c.send.Unlock()
	for _, command := range commands {
		line, err := Line(command)
		if err != nil {
			return err
		}
		if _, err := c.f.WriteString(line); err != nil {
			return &RefusedError{Command: strings.TrimSuffix(line, "\n"), Err: err}
		}
	}
	return nil
}

// Next returns the next event; it waits for one. The error is io.EOF once the
// session is closed.
func (c *Client) Next() (Event, error) {
	for {
		if line, rest, ok := bytes.Cut(c.buf, []byte{'\n'}); ok {
			c.buf = rest
			return ParseEvent(string(line))
		}
		if len(c.buf) > 0 {
			// The driver gives whole lines only.
			return Event{}, fmt.Errorf("%w: %.120q has no end", ErrEvent, c.buf)
		}
		n, err := c.f.Read(c.room)
		if errors.Is(err, os.ErrClosed) {
			return Event{}, io.EOF
		}
		if err != nil {
			return Event{}, fmt.Errorf("reading from the test driver: %w", err)
		}
		c.buf = c.room[:n]
	}
}
