package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// gatePath is the socket of the gate.
const gatePath = runDir + "/gate"

// gate is the agent's end of the gate.
type gate struct {
	listener *net.UnixListener
	steps    *stepper
	spawn    func(func()) // starts a goroutine
	// who says which thread a loader is that said hello: nil for one that
	// nobody follows. hello answers the loader of a thread that has not begun.
	who func(pid int) *thread
	// settings are the policy and the program of helpers now.
	settings func() (policy, helper string)

	mu   sync.Mutex
	kept map[string][]*os.File // by the name a loader gave
}

// openGate makes the socket at path.
func openGate(path string, g *gate) error {
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return fmt.Errorf("setting up the gate: %w", err)
	}
	g.listener = l
	return nil
}

// serve takes in loaders until the socket fails.
func (g *gate) serve() error {
	for {
		c, err := g.listener.AcceptUnix()
		if err != nil {
			return fmt.Errorf("the gate: %w", err)
		}
		g.spawn(func() {
			defer c.Close()
			g.loader(c)
		})
	}
}

// loader serves one loader until it has ended.
func (g *gate) loader(c *net.UnixConn) {
	pid := peerOf(c)
	buf, oob := make([]byte, gateMax), make([]byte, unix.CmsgSpace(4))
	read := func() (m gateMessage, err error) {
		n, oobn, _, _, err := c.ReadMsgUnix(buf, oob)
		f := received(oob[:oobn])
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err == nil {
			err = json.Unmarshal(buf[:n], &m)
		}
		if f != nil && (err != nil || !g.keep(m.Keep, f)) {
			f.Close()
		}
		return m, err
	}
	m, err := read()
	if err != nil || m.Hello == nil || pid == 0 {
		return
	}
	answer := gateAnswer{}
	answer.Policy, answer.Helper = g.settings()
	reply := func() {
		b, err := json.Marshal(answer)
		if err == nil {
			c.Write(b) // a loader that is gone has ended, which is seen below
		}
	}
	t := g.who(pid)
	if t == nil {
		reply()
		return
	}
	answer.Followed = true
	g.steps.hello(t, pid, m.Hello.TID, func(int) { reply() })
	for {
		m, err := read()
		if err != nil {
			break
		}
		switch {
		case m.Stage != nil && (m.Stage.Point == "" || isStage(m.Stage.Point)):
			s := m.Stage
			if s.Exit != nil {
				g.steps.exits(t, *s.Exit)
			}
			g.steps.arrive(t, s.Point, cleanText(s.Module, kernelName), cleanText(s.Name, kernel.MaxAlias), false, func(int) { reply() })
		case m.Waits != nil:
			g.steps.waitsFor(t, cleanText(m.Waits.Words, 64), m.Waits.Timed)
		case m.Drop != "":
			answer.Dropped = g.drop(m.Drop)
			reply()
		}
	}
	g.steps.left(t)
}

// keptMax bounds the descriptors that are kept.
const keptMax = 256

// received returns the file that came with a message, nil if none.
func received(oob []byte) *os.File {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil && len(fds) == 1 {
			return os.NewFile(uintptr(fds[0]), "kept")
		}
	}
	return nil
}

func (g *gate) keep(name string, f *os.File) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if name == "" || len(name) > kernelName || len(g.kept) >= keptMax || len(g.kept[name]) >= keptMax {
		return false
	}
	if g.kept == nil {
		g.kept = map[string][]*os.File{}
	}
	g.kept[name] = append(g.kept[name], f)
	return true
}

// drop closes what was kept first under a name.
func (g *gate) drop(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.kept[name]
	if len(list) == 0 {
		return false
	}
	list[0].Close()
	if g.kept[name] = list[1:]; len(list) == 1 {
		delete(g.kept, name)
	}
	return true
}

// peerOf returns the process at the other end, as the kernel vouches for.
func peerOf(c *net.UnixConn) int {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}
