package applet

import (
	"net"
	"regexp"
	"strings"
	"testing"
)

// sysLog is the system log of a box: a socket, and all that came to it.
type sysLog struct {
	conn  *net.UnixConn
	texts chan string
}

// listenSysLog makes the socket.
func listenSysLog(t *testing.T, path string) *sysLog {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	l := &sysLog{conn: conn, texts: make(chan string, 10000)}
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				close(l.texts)
				return
			}
			l.texts <- string(buf[:n])
		}
	}()
	t.Cleanup(func() { conn.Close() })
	return l
}

// messages takes what has come since it was asked last, a line each, without
// the time and the number of the process.
func (l *sysLog) messages(t *testing.T) string {
	t.Helper()
	const end = "no more"
	to := l.conn.LocalAddr().(*net.UnixAddr)
	c, err := net.DialUnix("unixgram", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(end)); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for text := range l.texts {
		if text == end {
			break
		}
		text = strings.NewReplacer("\n", "<NEWLINE>", "\x00", "<NUL>").Replace(text)
		b.WriteString("/dev/log: " + logTime.ReplaceAllString(text, "$1<time> ") + "\n")
	}
	return b.String()
}

// logTime is the time in a message of syslog(3).
var logTime = regexp.MustCompile(`^(<\d+>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d `)
