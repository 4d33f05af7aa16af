package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/trace"
)

const (
	// reportPath is the socket that loaders report to.
	reportPath = runDir + "/report"
	// reportQueue is how many reports the socket holds. Fifty helpers at once
	// (the kernel's limit of requests) send about ten each for every module;
	// when it is full, senders wait.
	reportQueue = 4096
	// reportPatience is how long a loader waits for a full socket, seconds.
	reportPatience = 2
)

// reports is the agent's end of the socket for reports.
type reports struct {
	fd   int // bound, receives
	self int // connected to it, for marks
}

// openReports makes the socket. Datagrams keep the order they were sent in,
// also between senders; so a mark of our own says that everything sent before
// it has been read.
func openReports() (*reports, error) {
	// The queue's length is taken from here when a socket is made
	// (net/unix/af_unix.c, unix_create1).
	if err := os.WriteFile("/proc/sys/net/unix/max_dgram_qlen", []byte(strconv.Itoa(reportQueue)), 0); err != nil {
		return nil, fmt.Errorf("setting up the report socket: %w", err)
	}
	return listenReports(reportPath)
}

// listenReports makes the socket at path.
func listenReports(path string) (*reports, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("setting up the report socket: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return nil, fmt.Errorf("setting up the report socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, fmt.Errorf("setting up the report socket %s: %w", path, err)
	}
	self, err := dialReports(path)
	if err != nil {
		return nil, fmt.Errorf("setting up the report socket: %w", err)
	}
	return &reports{fd: fd, self: self}, nil
}

// dialReports connects to a socket for reports.
func dialReports(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// mark sends a mark that read hands to its caller.
func (r *reports) mark(n uint64) error {
	for {
		_, err := unix.Write(r.self, []byte(markPrefix+strconv.FormatUint(n, 10)))
		if err != unix.EINTR {
			return err
		}
	}
}

// read hands over reports and marks as they come; lost is called for what was
// no report. It returns when the socket fails.
func (r *reports) read(event func(trace.Event), mark func(uint64), lost func(error)) error {
	buf := make([]byte, reportMax+1)
	oob := make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	me := os.Getpid()
	for {
		n, oobn, flags, _, err := unix.Recvmsg(r.fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the report socket: %w", err)
		}
		pid := senderOf(oob[:oobn])
		b := buf[:n]
		if pid == me {
			if s, ok := cutMark(b); ok {
				mark(s)
				continue
			}
		}
		if flags&unix.MSG_TRUNC != 0 {
			lost(fmt.Errorf("process %d sent a report of more than %d bytes", pid, reportMax))
			continue
		}
		e, err := decodeReport(b, pid, monotonic())
		if err != nil {
			lost(err)
			continue
		}
		event(e)
	}
}

// cutMark reads the number of a mark.
func cutMark(b []byte) (uint64, bool) {
	if len(b) <= len(markPrefix) || string(b[:len(markPrefix)]) != markPrefix {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[len(markPrefix):]), 10, 64)
	return n, err == nil
}

// senderOf returns the process that the kernel names as the sender, 0 if none.
func senderOf(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return int(cred.Pid)
		}
	}
	return 0
}

// DialReport connects a loader to the agent of the guest it runs in. report
// sends one event, with this process and the time filled in; hangUp closes the
// connection. Where no agent listens both do nothing. A loader never fails for
// want of an agent: a report that can't be delivered is counted in the next.
func DialReport() (report func(trace.Event), hangUp func()) {
	return dialReport(reportPath)
}

func dialReport(path string) (report func(trace.Event), hangUp func()) {
	fd, err := dialReports(path)
	if err != nil {
		return func(trace.Event) {}, func() {}
	}
	calmRuntime() // we are in a guest, and short-lived
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: reportPatience})
	var mu sync.Mutex
	var lost uint64
	self := trace.Thread{PID: os.Getpid(), Comm: clipText(filepath.Base(os.Args[0]), 15)}
	report = func(e trace.Event) {
		mu.Lock()
		defer mu.Unlock()
		e.Thread, e.Source = self, "helper"
		e.Lost += lost
		if e.Time == 0 {
			e.Time = monotonic()
		}
		b, err := encodeReport(e)
		for err == nil {
			if _, err = unix.Write(fd, b); err != unix.EINTR {
				break
			}
			err = nil
		}
		if err != nil {
			lost = e.Lost + 1
			return
		}
		lost = 0
	}
	return report, func() { unix.Close(fd) }
}
