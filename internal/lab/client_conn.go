package lab

import (
	"bytes"
	"net"
)

// countedConn notes that bytes came.
type countedConn struct {
	net.Conn
	c *client
}

func (k countedConn) Read(b []byte) (int, error) {
	n, err := k.Conn.Read(b)
	if n > 0 {
		k.c.bytes.Add(uint64(n))
		select {
		case k.c.alive <- struct{}{}:
		default:
		}
	}
	return n, err
}

// lineFill follows each frame: line breaks, which an agent passes over. A serial
// port tells the guest of what has come when there are some bytes of it (16550A:
// up to 14), and of the rest after a time; so there is no rest but these.
var lineFill = bytes.Repeat([]byte("\n"), 16)

func (k countedConn) Write(b []byte) (int, error) {
	n, err := k.Conn.Write(append(bytes.Clone(b), lineFill...))
	return min(n, len(b)), err
}
