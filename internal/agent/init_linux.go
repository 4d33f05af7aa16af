package agent

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
)

// Main is the first process of a guest: it sets the machine up and answers the
// lab over the link. It does not return while the machine runs, as the end of
// the first process is a kernel panic; what it can't go on from it says in one
// line on the console and, once there is one, on the link, and powers off.
func Main() int {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "kmodsh-agent: fatal: the agent runs only as the first process of a guest")
		return 1
	}
	m := &machine{}
	defer m.guard()
	m.moment("init")
	m.fatal(m.run())
	return 1 // not reached
}

// machine is the guest as its first process sees it.
type machine struct {
	link    *os.File
	moments []wire.Moment
}

// gcPercent lets the agent's few megabytes grow to five times that between
// collections: memory is there, an emulated processor's time is not.
const gcPercent = 400

// run sets the machine up and serves until the link fails.
func (m *machine) run() error {
	// A machine has no file mode mask of its own.
	unix.Umask(0o022)
	if err := mountAll(); err != nil {
		return err
	}
	calmRuntime()
	debug.SetGCPercent(gcPercent)
	m.moment("mounts")
	boot, err := readBoot()
	if err != nil {
		return err
	}
	if m.link, err = openLink(boot.Link); err != nil {
		return err
	}
	if err := mountTree(boot); err != nil {
		return err
	}
	m.moment("tree")
	g, err := newGuest(m)
	if err != nil {
		return err
	}
	m.moment("ready")
	return g.serve(m.link)
}

// moment notes that the start-up has come to a point.
func (m *machine) moment(name string) {
	m.moments = append(m.moments, wire.Moment{Name: name, At: monotonic()})
}

// spawn runs f in a goroutine whose panic ends the machine in order.
func (m *machine) spawn(f func()) {
	go func() {
		defer m.guard()
		f()
	}()
}

// must runs f in a goroutine; the machine can't go on when it fails.
func (m *machine) must(f func() error) {
	m.spawn(func() {
		if err := f(); err != nil {
			m.fatal(err)
		}
	})
}

// guard ends the machine in order when a goroutine panics. Every goroutine of
// the agent runs under it, or under one that recovers itself.
func (m *machine) guard() {
	if p := recover(); p != nil {
		os.Stderr.Write(debug.Stack())
		m.fatal(fmt.Errorf("the agent panicked: %v", p))
	}
}

// fatal says why the machine can't go on, and powers it off.
func (m *machine) fatal(err error) {
	line := fmt.Sprintf("kmodsh-agent: fatal: %v\n", err)
	os.Stderr.WriteString(line)
	if m.link != nil {
		m.link.SetWriteDeadline(time.Now().Add(time.Second))
		m.link.WriteString("\n" + line)
	}
	powerOff()
}

// powerOff takes the machine down and does not return.
func powerOff() {
	unix.Sync()
	for {
		unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
		// It only comes back where power can't be switched off.
		unix.Reboot(unix.LINUX_REBOOT_CMD_HALT)
		time.Sleep(time.Second)
	}
}

// monotonic is CLOCK_MONOTONIC in nanoseconds, the clock of every event.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}
