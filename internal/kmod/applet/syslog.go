package applet

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// syslogWriter sends what is written to the system log, each line as one
// message with the facility and level of kmod's tools (LOG_DAEMON, LOG_NOTICE;
// modprobe(8), -s). As with syslog(3), messages are lost where nobody listens.
type syslogWriter struct{ name string }

// syslogSocket is where the system log listens.
const syslogSocket = "/dev/log"

func (w syslogWriter) Write(b []byte) (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return len(b), nil
	}
	defer syscall.Close(fd)
	const daemonNotice = 3<<3 | 5
	for line := range strings.Lines(string(b)) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), w.name+": ")
		text := fmt.Sprintf("<%d>%s[%d]: %s", daemonNotice, w.name, os.Getpid(), line)
		_ = syscall.Sendto(fd, []byte(text), syscall.MSG_DONTWAIT, &syscall.SockaddrUnix{Name: syslogSocket})
	}
	return len(b), nil
}

// toSyslog sends all messages from now on to the system log.
func (p *program) toSyslog() { p.Stderr = syslogWriter{p.name} }
