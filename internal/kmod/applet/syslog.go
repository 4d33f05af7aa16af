package applet

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// syslogWriter sends what is written to the system log, each write as one
// message of syslog(3) as kmod's tools have it send them: facility LOG_DAEMON,
// the level that the message's first word tells, the local time, no process
// number, the newline at the end as it is (kmod, tools/log.c). Where nobody
// listens the console gets it, as openlog(3) with LOG_CONS says.
type syslogWriter struct{ name string }

const (
	syslogDaemon = 3 << 3 // the facility
	console      = "/dev/console"
)

// syslogSocket is where the system log listens; tests have one of their own.
var syslogSocket = "/dev/log"

// syslogLevels are the levels of kmod's words; what only ours says is a notice.
var syslogLevels = [...]struct {
	word  string
	level int
}{{"FATAL: ", 2}, {"ERROR: ", 3}, {"WARNING: ", 4}, {"", 5}}

func (w syslogWriter) Write(b []byte) (int, error) {
	text := strings.TrimPrefix(string(b), w.name+": ")
	level := 0
	for _, l := range syslogLevels {
		if strings.HasPrefix(text, l.word) {
			level = l.level
			break
		}
	}
	text = w.name + ": " + text
	if sendTo(syslogSocket, fmt.Sprintf("<%d>%s %s", syslogDaemon|level, time.Now().Format(time.Stamp), text)) != nil {
		onConsole(text + "\r\n")
	}
	return len(b), nil
}

// sendTo sends one datagram to a socket.
func sendTo(path, text string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	syscall.CloseOnExec(fd)
	return syscall.Sendto(fd, []byte(text), 0, &syscall.SockaddrUnix{Name: path})
}

// onConsole writes to the console, where there is one to write to.
func onConsole(text string) {
	fd, err := syscall.Open(console, syscall.O_WRONLY|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	_, _ = syscall.Write(fd, []byte(text)) // there is nobody left to tell
}

// toSyslog sends all messages from now on to the system log.
func (p *program) toSyslog() { p.Stderr = syslogWriter{p.name} }
