package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guard is kmodsh's side of a warden: a QEMU that runs and leaves nothing
// behind.
type guard struct {
	dir  *TempDir
	cmd  *exec.Cmd      // the warden
	hold io.WriteCloser // the pipe that keeps it

	link, console, qmp net.Conn

	started chan struct{} // closed when QEMU runs, or could not be started
	ended   chan struct{} // closed when QEMU has ended, or its warden has
	words   *tailBuffer   // what QEMU said

	mu     sync.Mutex
	pid    int    // QEMU's
	failed string // why it could not be started
	exit   string // how it ended
	ok     bool   // it ended by itself, with status 0

	stopOnce sync.Once
	stopErr  error
	gone     chan struct{} // closed when the warden has been waited for
}

// wardenGrace is how long the warden may take to kill QEMU and clean up.
const wardenGrace = 10 * time.Second

// startGuard starts QEMU with the given arguments under a warden. dir becomes
// its working directory and goes with it.
func startGuard(dir *TempDir, program string, args []string) (*guard, error) {
	self, err := selfPath()
	if err != nil {
		return nil, fmt.Errorf("starting the warden: %w", err)
	}
	g := &guard{dir: dir, started: make(chan struct{}), ended: make(chan struct{}), gone: make(chan struct{}), words: &tailBuffer{limit: 8 << 10}}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	ours := make([]net.Conn, fdsQEMU)
	for i := range ours {
		var far *os.File
		if ours[i], far, err = socketPair(); err != nil {
			closeAll(ours)
			return nil, fmt.Errorf("starting the warden: %w", err)
		}
		theirs = append(theirs, far)
	}
	g.link, g.console, g.qmp = ours[fdLink-fdsFirst], ours[fdConsole-fdsFirst], ours[fdQMP-fdsFirst]

	g.cmd = exec.Command(self, append([]string{WardenArg, dir.Path, program}, args...)...)
	g.cmd.Args[0] = "kmodsh" // a name for ps(1), not /proc/self/exe
	g.cmd.ExtraFiles = append(append(g.cmd.ExtraFiles, theirs...), dir.lock)
	g.cmd.Stderr = g.words
	g.cmd.WaitDelay = wardenGrace
	// A session of its own: the keys of kmodsh's terminal don't mean it.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	reports, err := g.cmd.StdoutPipe()
	if err == nil {
		g.hold, err = g.cmd.StdinPipe()
	}
	if err == nil {
		err = g.cmd.Start()
	}
	if err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("starting the warden: %w", err)
	}
	go g.watch(reports)
	return g, nil
}

// watch reads the warden's reports until it ends.
func (g *guard) watch(reports io.Reader) {
	lines := bufio.NewScanner(reports)
	var started, ended bool
	start := func() {
		if !started {
			started = true
			close(g.started)
		}
	}
	for lines.Scan() {
		var r wardenReport
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		g.mu.Lock()
		switch {
		case r.PID != 0:
			g.pid = r.PID
		case r.Error != "":
			g.failed = r.Error
		case r.Exit != "":
			g.exit, g.ok = r.Exit, r.OK
		}
		g.mu.Unlock()
		start()
		if r.PID == 0 && !ended {
			ended = true
			close(g.ended)
		}
	}
	g.mu.Lock()
	orphan := g.failed == "" && g.exit == ""
	if orphan && g.pid != 0 && runtime.GOOS != "linux" {
		syscall.Kill(g.pid, syscall.SIGKILL) // on Linux the kernel does it
	}
	g.mu.Unlock()
	g.cmd.Wait()
	g.mu.Lock()
	if orphan {
		g.failed = "its warden ended: " + g.cmd.ProcessState.String()
	}
	g.mu.Unlock()
	start()
	if !ended {
		close(g.ended)
	}
	close(g.gone)
}

// qemuPID returns QEMU's process number, 0 when it was never started.
func (g *guard) qemuPID() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pid
}

// end describes how QEMU ended, in words that begin an error, and whether it
// was by itself and with status 0.
func (g *guard) end() (how string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	how = "QEMU could not be started: " + g.failed
	switch {
	case g.failed != "" && g.pid != 0:
		how = "QEMU was lost: " + g.failed
	case g.exit != "":
		how = "QEMU ended: " + g.exit
	}
	if w := g.words.last(); w != "" {
		how += ": " + w
	}
	return how, g.ok
}

// stop kills QEMU and removes its directory. It returns when all is gone.
func (g *guard) stop() error {
	g.stopOnce.Do(func() {
		io.WriteString(g.hold, inOrder) // an error when it has ended
		g.hold.Close()
		t := time.NewTimer(wardenGrace)
		defer t.Stop()
		select {
		case <-g.gone:
		case <-t.C:
			g.cmd.Process.Kill()
			<-g.gone
		}
		g.link.Close()
		g.console.Close()
		g.qmp.Close()
		// The warden has done it already, unless it was killed.
		if err := g.dir.Close(); err != nil {
			g.stopErr = fmt.Errorf("removing %s: %w", g.dir.Path, err)
		}
	})
	return g.stopErr
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
}

// socketPair returns the ends of a stream: one to use, one to give away.
func socketPair() (net.Conn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	near, far := os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket")
	conn, err := net.FileConn(near)
	near.Close()
	if err != nil {
		far.Close()
		return nil, nil, err
	}
	return conn, far, nil
}

// tailBuffer keeps the end of what is written to it.
type tailBuffer struct {
	mu    sync.Mutex
	b     []byte
	limit int
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[max(0, len(p)-t.limit):]...)
	if over := len(t.b) - t.limit; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

// last returns the last few lines as one: QEMU follows an error with a hint,
// or with the assertion that failed.
func (t *tailBuffer) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(t.b)) {
		if line = clean(strings.TrimSpace(line)); line != "" {
			lines = append(lines, line)
		}
	}
	s := strings.Join(lines[max(0, len(lines)-3):], "; ")
	return s[max(0, len(s)-400):]
}
