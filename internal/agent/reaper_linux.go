package agent

import (
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// reaper starts processes and is the only one that waits for any: the first
// process of a machine becomes the parent of every orphan, so waiting "for
// any child" in one place and for one's own in others would steal from each
// other. Nobody may use (*os.Process).Wait or os/exec here.
type reaper struct {
	mu    sync.Mutex // held while a process is started, so that its end finds its entry
	ended map[int]chan<- unix.WaitStatus
}

// process is a child that a reaper waits for.
type process struct {
	pid    int
	handle *os.Process // a pidfd: a signal never hits another process
	ended  <-chan unix.WaitStatus
}

// newReaper returns a reaper that collects the dead from now on, in a
// goroutine that spawn starts.
func newReaper(spawn func(func())) *reaper {
	r := &reaper{ended: map[int]chan<- unix.WaitStatus{}}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, unix.SIGCHLD)
	spawn(func() {
		for range sig {
			r.collect()
		}
	})
	return r
}

// collect waits for every process that has ended.
func (r *reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if c := r.ended[pid]; c != nil {
			delete(r.ended, pid)
			c <- status // has room for one
		}
	}
}

// start runs a program in a process group of its own.
func (r *reaper) start(path string, argv []string, files []*os.File) (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := os.StartProcess(path, argv, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{"HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin"},
		Files: files,
		Sys:   &unix.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	ended := make(chan unix.WaitStatus, 1)
	r.ended[p.Pid] = ended
	return &process{pid: p.Pid, handle: p, ended: ended}, nil
}

// kill ends the process and all that it started.
func (p *process) kill() {
	// The group exists as long as one of its members does; the leader itself
	// is asked for by its pidfd as well.
	unix.Kill(-p.pid, unix.SIGKILL)
	p.handle.Kill()
}
