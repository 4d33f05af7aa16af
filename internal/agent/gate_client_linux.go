package agent

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Gate is a loader's end of the gate. Where there is none all its methods do
// nothing, and a gate that goes away never stops a loader.
type Gate struct {
	fd     int
	answer gateAnswer
}

// DialGate says hello at the gate of the guest the loader runs in. It must be
// called by the thread that will do the work, which is the one that is stopped.
// In a loader that is spawned it returns when the loader may begin.
func DialGate() *Gate { return dialGate(gatePath) }

func dialGate(path string) *Gate {
	g := &Gate{fd: -1}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return g
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return g
	}
	g.fd = fd
	g.ask(gateMessage{Hello: &gateHello{TID: unix.Gettid()}})
	return g
}

// Followed says that the loader is stopped at its stages.
func (g *Gate) Followed() bool { return g.answer.Followed }

// Policy is the policy that helpers work by, "" the usual one.
func (g *Gate) Policy() string { return g.answer.Policy }

// ask sends a message and waits for the answer.
func (g *Gate) ask(m gateMessage) {
	if !g.tell(m) {
		return
	}
	buf := make([]byte, gateMax)
	for {
		n, err := unix.Read(g.fd, buf)
		if err == unix.EINTR {
			continue
		}
		var answer gateAnswer
		if err != nil || n == 0 || json.Unmarshal(buf[:n], &answer) != nil {
			g.hangUp()
			return
		}
		g.answer = answer
		return
	}
}

// tell sends a message.
func (g *Gate) tell(m gateMessage) bool {
	if g.fd < 0 {
		return false
	}
	b, err := json.Marshal(m)
	for err == nil {
		if _, err = unix.Write(g.fd, b); err != unix.EINTR {
			break
		}
		err = nil
	}
	if err != nil {
		g.hangUp()
		return false
	}
	return true
}

func (g *Gate) hangUp() {
	unix.Close(g.fd)
	g.fd = -1
	g.answer.Followed = false
}

// Report returns report with a stop after each event, when the loader is
// followed.
func (g *Gate) Report(report func(trace.Event)) func(trace.Event) {
	if !g.answer.Followed {
		return report
	}
	return func(e trace.Event) {
		report(e)
		stage := gateStage{Point: e.Point, Module: e.Module, Name: clipText(e.Name, kernel.MaxAlias)}
		if e.Point == trace.PointExit {
			stage.Exit = e.Ret
		}
		g.ask(gateMessage{Stage: &stage})
	}
}

// Kernel returns k with its sleeps told, when the loader is followed.
func (g *Gate) Kernel(k kernel.Kernel) kernel.Kernel {
	if !g.answer.Followed {
		return k
	}
	return gatedKernel{k, g}
}

// Sleep sleeps; the words say what for.
func (g *Gate) sleep(words string, timed bool, sleep func() error) error {
	g.tell(gateMessage{Waits: &gateWaits{Words: words, Timed: timed}})
	err := sleep()
	g.tell(gateMessage{Waits: &gateWaits{}})
	return err
}

// gatedKernel tells the gate of its sleeps.
type gatedKernel struct {
	kernel.Kernel
	gate *Gate
}

// Sleep implements kernel.Kernel.
func (k gatedKernel) Sleep(ctx context.Context, d time.Duration) error {
	return k.gate.sleep("a while, to look again", true, func() error { return k.Kernel.Sleep(ctx, d) })
}

// keep hands a descriptor to the agent, which keeps it under a name.
func (g *Gate) keep(name string, fd int) error {
	if g.fd < 0 {
		return nil
	}
	b, err := json.Marshal(gateMessage{Keep: name})
	if err == nil {
		err = unix.Sendmsg(g.fd, b, unix.UnixRights(fd), nil, 0)
	}
	return err
}

// drop has the agent close what it keeps under a name; false when that is
// nothing.
func (g *Gate) drop(name string) bool {
	g.ask(gateMessage{Drop: name})
	return g.answer.Dropped
}

// pause stops between two system calls that are no points of their own.
func (g *Gate) pause(module string) {
	if g.answer.Followed {
		g.ask(gateMessage{Stage: &gateStage{Module: module}})
	}
}
