// Package wire is the typed protocol between the lab on the host and the agent
// in the guest: one JSON object a line, over any byte stream (a serial port, a
// virtio port, a pipe in tests). It must not know who is at either end.
//
// The stream may begin, or go on after a restored checkpoint, in the middle of
// a line; may carry a guest's console noise; and a guest is not to be trusted.
// So a line that is not a frame is counted and passed over, a line longer than
// MaxFrame is cut off, and nothing a line says makes the reader keep more than
// one line in memory.
package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"example.org/kmodsh/internal/trace"
)

// Version is the protocol's version; both ends must have the same.
const Version = 4

// MaxFrame is the longest frame in bytes. The largest honest one is a module
// list of a few hundred rows, some 40 KiB.
const MaxFrame = 1 << 20

// Op names what the host asks for.
type Op string

// The operations, with the types of their arguments and results.
const (
	OpHello     Op = "hello"     // Hello -> Welcome
	OpInfo      Op = "info"      // nothing -> kernel.Info
	OpSystem    Op = "system"    // nothing -> kernel.System
	OpParams    Op = "params"    // nothing -> map[string]map[string]string, by module and name
	OpModules   Op = "modules"   // nothing -> []kernel.Module
	OpLoad      Op = "load"      // kernel.LoadRequest -> kernel.LoadResult
	OpUnload    Op = "unload"    // kernel.UnloadRequest -> kernel.UnloadResult
	OpRequest   Op = "request"   // Request -> kernel.RequestResult
	OpLog       Op = "log"       // LogArgs -> LogLines
	OpSync      Op = "sync"      // nothing -> Synced
	OpCancel    Op = "cancel"    // Cancel -> nothing
	OpConfigure Op = "configure" // Configure -> nothing
	OpPowerOff  Op = "poweroff"  // nothing -> nothing, then the guest goes down
)

// Frame is one line: a question (ID and Op), its answer (the same ID with
// Result or Error), or news from the guest (ID 0 with Events).
type Frame struct {
	ID     uint64          `json:"id,omitempty"`
	Op     Op              `json:"op,omitempty"`
	Args   json.RawMessage `json:"args,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
	Events []trace.Event   `json:"events,omitempty"`
}

// Hello opens a session, also on a restored guest: everything before the
// Welcome with the same nonce belongs to an earlier session and is void.
// Without Keep the guest kills what that session left running.
type Hello struct {
	Version int    `json:"version"`
	Nonce   string `json:"nonce"`
	// Keep goes on where the earlier session was, in a guest brought back from
	// a checkpoint: what runs there runs on, though nobody waits for its answer
	// any more, and the events after Seq, the last that the host has, are sent
	// once more. Those that the guest has no longer show as a hole.
	Keep bool   `json:"keep,omitempty"`
	Seq  uint64 `json:"seq,omitempty"`
	// Now is the host's wall clock in nanoseconds since 1970; the guest sets
	// its own by it, since a restored guest's clock stands where it was saved.
	Now int64 `json:"now"`
}

// Welcome answers Hello.
type Welcome struct {
	Version int    `json:"version"`
	Nonce   string `json:"nonce"`
	Release string `json:"release"`
	BootID  string `json:"boot_id"` // /proc/sys/kernel/random/boot_id
	Seq     uint64 `json:"seq"`     // of the last event before this session's
	Now     int64  `json:"now"`     // CLOCK_MONOTONIC, nanoseconds
	// Boot is the split of the start-up, on CLOCK_MONOTONIC: nanoseconds
	// when init began, when the module tree was mounted, when ready.
	Boot []Moment `json:"boot"`
}

// Moment is a named instant on the guest's monotonic clock.
type Moment struct {
	Name string `json:"name"`
	At   int64  `json:"at"` // nanoseconds
}

// Request asks for one in-kernel request_module().
type Request struct {
	Name string `json:"name"`
}

// LogArgs asks for the lines of the kernel log after the one of number Since; 0
// means all.
type LogArgs struct {
	Since uint64 `json:"since,omitempty"`
}

// LogLines are the lines of the kernel log up to the one of number Seq. The
// agent numbers them from 1; of very many only the last are told.
type LogLines struct {
	Lines []string `json:"lines"`
	Seq   uint64   `json:"seq"`
}

// Synced answers OpSync: all events up to Seq have been sent before it.
type Synced struct {
	Seq uint64 `json:"seq"`
}

// Cancel stops the operation with the given frame ID.
type Cancel struct {
	ID uint64 `json:"id"`
}

// Configure replaces the guest's /etc/modprobe.d by these files.
type Configure struct {
	Files []File `json:"files"`
}

// File is a named file; Name is a base name that ends in .conf.
type File struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Conn reads and writes frames. One goroutine may read while others write.
type Conn struct {
	r       *bufio.Reader
	mu      sync.Mutex
	w       io.Writer
	garbage uint64
}

// NewConn returns a Conn over rw.
func NewConn(rw io.ReadWriter) *Conn {
	return &Conn{r: bufio.NewReaderSize(rw, 64<<10), w: rw}
}

// Garbage returns how many lines were passed over because they were no frame.
// Only the reading goroutine may call it.
func (c *Conn) Garbage() uint64 { return c.garbage }

// Write sends one frame.
func (c *Conn) Write(f Frame) error {
	b, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding frame: %w", err)
	}
	if len(b) > MaxFrame {
		return fmt.Errorf("encoding frame: %d bytes, the limit is %d", len(b), MaxFrame)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.w.Write(append(b, '\n'))
	return err
}

// WriteFresh sends one frame after a line break, which ends whatever half line
// an earlier writer left in the stream.
func (c *Conn) WriteFresh(f Frame) error {
	c.mu.Lock()
	_, err := c.w.Write([]byte("\n"))
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.Write(f)
}

// Read returns the next frame. Its errors are the stream's own.
func (c *Conn) Read() (Frame, error) {
	for {
		line, err := c.readLine()
		if err != nil {
			return Frame{}, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var f Frame
		if line[0] != '{' || json.Unmarshal(line, &f) != nil || (f.ID == 0 && f.Events == nil) {
			c.garbage++
			continue
		}
		return f, nil
	}
}

// readLine returns the next line of at most MaxFrame bytes; a longer one is
// read to its end, counted as garbage and passed over.
func (c *Conn) readLine() ([]byte, error) {
	var line []byte
	over := false
	for {
		part, err := c.r.ReadSlice('\n')
		if !over && len(line)+len(part) > MaxFrame+1 {
			over, line = true, nil
		}
		if !over {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, err
		case over:
			c.garbage++
			over, line = false, nil
			continue
		}
		return line, nil
	}
}

// Marshal encodes arguments or a result; it panics on a value that JSON cannot
// hold, which is a bug of the caller and never of a guest.
func Marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("wire: %v", err))
	}
	return b
}

// ErrProtocol says that the other end sent something this end can't use.
var ErrProtocol = errors.New("protocol error")

// Unmarshal decodes arguments or a result into v.
func Unmarshal(raw json.RawMessage, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %v", ErrProtocol, err)
	}
	return nil
}
