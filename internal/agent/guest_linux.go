package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// guest is the machine once it is set up: what the operations work with.
type guest struct {
	machine  *machine
	kernel   kernel.Kernel
	out      *outbox
	stream   *stream
	children *children
	debug    *debugger
	asked    *questions // nil where time needs no keeper
	bootID   string
}

// newGuest opens what the operations need and begins to follow events.
func newGuest(m *machine) (*guest, error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, err
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(self, childPath); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	bootID, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, err
	}
	t, err := openTracing()
	if err != nil {
		return nil, err
	}
	r, err := openReports()
	if err != nil {
		return nil, err
	}
	g := &guest{machine: m, kernel: k, out: newOutbox(), bootID: strings.TrimSpace(string(bootID))}
	g.stream = newStream(g.out, t, r, k.Modules)
	g.children = &children{program: childPath, reaper: newReaper(m.spawn), stream: g.stream}
	if g.asked, err = startClock(g.children); err != nil {
		return nil, err
	}
	if g.debug, err = newDebugger(g.children, g.stream, m.spawn); err != nil {
		return nil, err
	}
	m.must(g.debug.gate.serve)
	m.must(g.stream.readTracing)
	m.must(g.stream.readReports)
	m.must(func() error { g.stream.run(); return nil })
	return g, nil
}

// serve answers the lab until the link fails.
func (g *guest) serve(link *os.File) error {
	// A line break, which the wire passes over, is the sign that somebody
	// listens now: what was sent before the line was open is lost.
	if _, err := link.WriteString("\n"); err != nil {
		return fmt.Errorf("writing to the link: %w", err)
	}
	s := &server{
		conn:     wire.NewConn(link),
		out:      g.out,
		ops:      g.operations(),
		welcome:  g.welcome,
		powerOff: powerOff,
		spawn:    g.machine.spawn,
		asked:    g.asked.add,
	}
	return s.serve()
}

// operations is the table of what the guest can do.
func (g *guest) operations() map[wire.Op]operation {
	ops := map[wire.Op]operation{
		wire.OpInfo:      g.info,
		wire.OpSystem:    g.system,
		wire.OpParams:    g.params,
		wire.OpModules:   g.modules,
		wire.OpLog:       g.log,
		wire.OpSync:      g.sync,
		wire.OpConfigure: g.configure,
		wire.OpLoad:      g.load,
		wire.OpUnload:    g.unload,
		wire.OpRequest:   g.request,
	}
	maps.Copy(ops, g.debug.operations())
	return ops
}

// earliestNow is the earliest wall clock a host can honestly have, seconds
// since 1970: the year 2020.
const earliestNow = 1577836800

// welcome sets the clock and says who is here.
func (g *guest) welcome(h wire.Hello) wire.Welcome {
	if h.Now/1e9 >= earliestNow {
		tv := unix.NsecToTimeval(h.Now)
		// A guest whose clock can't be set works all the same.
		unix.Settimeofday(&tv)
	}
	return wire.Welcome{Release: g.kernel.Release(), BootID: g.bootID, Now: monotonic(), Boot: g.machine.moments}
}

// log answers what is new in the kernel's log.
func (g *guest) log(_ context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.LogArgs](raw)
	if err != nil {
		return nil, err
	}
	var l wire.LogLines
	l.Lines, l.Seq = g.debug.log.after(a.Since)
	return l, nil
}

// logBytes bounds an answer's text, well below wire.MaxFrame also when every
// byte needs an escape.
const logBytes = wire.MaxFrame / 8

// newest drops the first lines until the rest fits in a frame.
func newest(lines []string) []string {
	size := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if size += len(lines[i]) + 3; size > logBytes {
			return lines[i+1:]
		}
	}
	return lines
}

// modules answers the module list.
func (g *guest) modules(context.Context, json.RawMessage) (any, error) {
	list, err := g.kernel.Modules()
	if err != nil {
		return nil, err
	}
	return list, nil
}

// sync answers once all events up to now are on their way.
func (g *guest) sync(ctx context.Context, _ json.RawMessage) (any, error) {
	seq, err := g.stream.sync(ctx)
	return wire.Synced{Seq: seq}, err
}
