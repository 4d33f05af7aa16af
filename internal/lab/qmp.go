package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxQMPLine bounds one message of QEMU's; the longest answer to what is asked
// here has a few hundred bytes.
const maxQMPLine = 1 << 20

// qmp is a client of the QEMU Machine Protocol
// (https://www.qemu.org/docs/master/interop/qmp-spec.html): JSON objects, one
// a line; a greeting, then an answer for each command, and events in between.
type qmp struct {
	conn    net.Conn
	version string
	release [2]int // major and minor
	onEvent func(name string, data json.RawMessage)

	mu      sync.Mutex
	next    uint64
	pending map[uint64]chan qmpMessage
	err     error // of the connection, once it has ended
}

// qmpMessage is any message of QEMU's.
type qmpMessage struct {
	Greeting *struct {
		Version struct {
			QEMU struct {
				Major int `json:"major"`
				Minor int `json:"minor"`
				Micro int `json:"micro"`
			} `json:"qemu"`
			Package string `json:"package"`
		} `json:"version"`
	} `json:"QMP"`
	ID     uint64          `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *qmpError       `json:"error"`
	Event  string          `json:"event"`
	Data   json.RawMessage `json:"data"`
}

// qmpError is QEMU's refusal of a command.
type qmpError struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

func (e *qmpError) Error() string { return clean(e.Desc) }

// errQMPClosed: QEMU closed its end, which it does when it ends.
var errQMPClosed = errors.New("QEMU closed its control connection")

// dialQMP greets QEMU over conn. onEvent is called from one goroutine, for
// each event in order, and must not block.
func dialQMP(ctx context.Context, conn net.Conn, onEvent func(string, json.RawMessage)) (*qmp, error) {
	q := &qmp{conn: conn, onEvent: onEvent, pending: map[uint64]chan qmpMessage{}}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	lines := newQMPReader(conn)
	m, err := lines.next()
	if !stop() {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("waiting for QEMU's greeting: %w", err)
	}
	if m.Greeting == nil {
		return nil, errors.New("QEMU's first message is no greeting")
	}
	v := m.Greeting.Version
	q.release = [2]int{v.QEMU.Major, v.QEMU.Minor}
	q.version = fmt.Sprintf("%d.%d.%d", v.QEMU.Major, v.QEMU.Minor, v.QEMU.Micro)
	if p := clean(v.Package); p != "" && len(p) < 80 {
		q.version += " (" + p + ")"
	}
	go q.read(lines)
	return q, q.do(ctx, "qmp_capabilities", nil, nil)
}

// do has QEMU carry out a command. args is encoded as its arguments, nil for
// none; the answer is decoded into result unless that is nil. A refusal is a
// *qmpError.
func (q *qmp) do(ctx context.Context, command string, args, result any) error {
	return q.doWith(ctx, nil, command, args, result)
}

// give hands QEMU an open file, which it knows by name from then on until a
// command takes it. f stays the caller's.
func (q *qmp) give(ctx context.Context, name string, f *os.File) error {
	return q.doWith(ctx, f, "getfd", map[string]any{"fdname": name}, nil)
}

// filesByFD says whether a machine can be written to and read from a plain file
// that QEMU was handed. Since 9.1 that is on the way out (docs/about/deprecated.rst:
// "fd: URI when used for file migration"); pipes stay.
func (q *qmp) filesByFD() bool { return q.release[0] < 9 || q.release == [2]int{9, 0} }

// doWith sends a file along with a command, unless f is nil.
func (q *qmp) doWith(ctx context.Context, f *os.File, command string, args, result any) error {
	reply := make(chan qmpMessage, 1)
	q.mu.Lock()
	if q.err != nil {
		q.mu.Unlock()
		return fmt.Errorf("QMP %s: %w", command, q.err)
	}
	q.next++
	id := q.next
	q.pending[id] = reply
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.pending, id)
		q.mu.Unlock()
	}()
	b, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        uint64 `json:"id"`
	}{command, args, id})
	if err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	// Commands are far smaller than a socket's buffer: this does not wait.
	if err := q.send(append(b, '\n'), f); err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	select {
	case m, ok := <-reply:
		switch {
		case !ok:
			return fmt.Errorf("QMP %s: %w", command, errQMPClosed)
		case m.Error != nil:
			return fmt.Errorf("QMP %s: %w", command, m.Error)
		case result != nil:
			if err := json.Unmarshal(m.Return, result); err != nil {
				return fmt.Errorf("QMP %s: %w", command, err)
			}
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("QMP %s: %w", command, ctx.Err())
	}
}

// send writes one message, with a file or without.
func (q *qmp) send(b []byte, f *os.File) error {
	if f == nil {
		_, err := q.conn.Write(b)
		return err
	}
	conn, ok := q.conn.(*net.UnixConn)
	if !ok {
		return errors.New("this connection carries no files")
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = raw.Control(func(fd uintptr) {
		_, _, serr = conn.WriteMsgUnix(b, unix.UnixRights(int(fd)), nil)
	})
	return errors.Join(err, serr)
}

// read hands out messages until the connection ends.
func (q *qmp) read(lines *qmpReader) {
	for {
		m, err := lines.next()
		if err != nil {
			q.mu.Lock()
			q.err = errQMPClosed
			for _, reply := range q.pending {
				close(reply)
			}
			q.pending = map[uint64]chan qmpMessage{}
			q.mu.Unlock()
			return
		}
		if m.Event != "" {
			q.onEvent(m.Event, m.Data)
			continue
		}
		q.mu.Lock()
		reply := q.pending[m.ID]
		delete(q.pending, m.ID)
		q.mu.Unlock()
		if reply != nil {
			reply <- m
		}
	}
}

// qmpReader reads messages of bounded length.
type qmpReader struct{ s *bufio.Scanner }

func newQMPReader(r io.Reader) *qmpReader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxQMPLine)
	return &qmpReader{s}
}

func (r *qmpReader) next() (qmpMessage, error) {
	for r.s.Scan() {
		if len(r.s.Bytes()) == 0 {
			continue
		}
		var m qmpMessage
		if err := json.Unmarshal(r.s.Bytes(), &m); err != nil {
			return qmpMessage{}, fmt.Errorf("QEMU sent what is no message: %w", err)
		}
		return m, nil
	}
	if err := r.s.Err(); err != nil {
		return qmpMessage{}, err
	}
	return qmpMessage{}, io.EOF
}
