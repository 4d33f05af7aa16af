package agent

import (
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// openTestGate is a gate at which this process is the thread A when followed.
func openTestGate(t *testing.T, followed bool) (path string, s *stepper, a *thread) {
	s = newStepper(func(int, int) sight { return sight{state: 'R'} }, monotonic)
	a = &thread{id: "A", pid: os.Getpid(), task: &kernel.Task{Verb: "load"}}
	if err := s.add(a); err != nil {
		t.Fatal(err)
	}
	g := &gate{steps: s, spawn: func(f func()) { go f() }, who: func(pid int) *thread {
		if followed && pid == os.Getpid() {
			return a
		}
		return nil
	}, settings: func() (string, string) { return "kmod19", "exit:3" }}
	path = filepath.Join(t.TempDir(), "gate")
	if err := openGate(path, g); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); g.serve() }()
	t.Cleanup(func() { g.listener.Close(); <-done })
	return path, s, a
}

func TestGate(t *testing.T) {
	path, s, a := openTestGate(t, true)
	var reported atomic.Int32
	ended, wake := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		g := dialGate(path)
		report := g.Report(func(trace.Event) { reported.Add(1) })
		report(trace.Event{Point: trace.PointStarted})
		if g.Policy() != "kmod19" {
			t.Errorf("policy %q", g.Policy())
		}
		if err := g.keep("minix", int(os.Stdin.Fd())); err != nil {
			t.Error(err)
		}
		if !g.drop("minix") || g.drop("minix") {
			t.Error("what was kept is dropped once")
		}
		g.sleep("nothing", false, func() error { <-wake; return nil })
		report(trace.Event{Point: trace.PointExit, Ret: trace.Int(0)})
		s.end(a, nil)
		unix.Close(g.fd)
	}()
	if err := s.begun(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	var at []string
	for {
		stuck, err := s.step(t.Context(), "A", false)
		if err != nil || stuck != "" {
			t.Fatal(stuck, err)
		}
		now := s.since(0).Threads[0]
		if now.Waits != "" {
			close(wake) // once: nothing else makes it wait
			for now.At != trace.PointExit {
				runtime.Gosched()
				now = s.since(0).Threads[0]
			}
		}
		if now.Done {
			break
		}
		if at = append(at, now.At); now.At == trace.PointStarted && reported.Load() != 1 {
			t.Errorf("it stands at %s after %d were reported", now.At, reported.Load())
		}
	}
	<-ended
	if len(at) != 2 || at[0] != "H0" || at[1] != "H7" {
		t.Errorf("it stood at %v", at)
	}
}

// A loader that nobody follows is told the policy and asked nothing more, and
// one without a gate goes on all the same.
func TestGateOpen(t *testing.T) {
	path, _, _ := openTestGate(t, false)
	for _, p := range []string{path, path + "-none"} {
		g := dialGate(p)
		n := 0
		g.Report(func(trace.Event) { n++ })(trace.Event{Point: trace.PointStarted})
		if n != 1 || g.answer.Followed {
			t.Errorf("%s: %d reports, %+v", p, n, g.answer)
		}
		if _, lies := g.Lie(nil, []string{"modprobe", "-q", "--", "minix"}); lies {
			t.Error("a process that no kernel has started lies")
		}
	}
}

// What is no message ends the talk and nothing else.
func TestGateGarbage(t *testing.T) {
	path, s, _ := openTestGate(t, true)
	for _, m := range []string{"", "{", `{"stage":{"point":"H1"}}`, `{"hello":{"tid":1},"stage":{"point":"L99"}}`} {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		unix.Write(fd, []byte(m))
		unix.Write(fd, []byte(`{"stage":{"point":"W4"}}`))
		unix.Close(fd)
	}
	if got := s.since(0).Threads[0]; got.At != "" {
		t.Errorf("the thread stands at %q", got.At)
	}
}
