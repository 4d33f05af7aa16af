package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/agent/wire"
)

// qemuProgram runs x86-64 guests, which are all there are: the lab's kernels
// are x86-64 (ImageRelease), whatever this machine is.
const qemuProgram = "qemu-system-x86_64"

// qemu is an installed QEMU.
type qemu struct {
	path string
	// id changes whenever the program does. Asking for its version takes as
	// long as starting a machine, so what was learnt of it is kept by this.
	id string
}

// findQEMU looks for QEMU in $PATH. The error wraps exec.ErrNotFound when it
// is not there.
func findQEMU() (qemu, error) {
	path, err := exec.LookPath(qemuProgram)
	if errors.Is(err, exec.ErrNotFound) {
		return qemu{}, &ToolError{Tool: qemuProgram, Package: "qemu-system-x86", Err: err}
	}
	if err != nil {
		return qemu{}, fmt.Errorf("looking for QEMU: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return qemu{}, fmt.Errorf("looking for QEMU: %w", err)
	}
	st, err := os.Stat(path)
	if err != nil {
		return qemu{}, fmt.Errorf("looking for QEMU: %w", err)
	}
	f := newFingerprint("qemu")
	f.add(path, strconv.FormatInt(st.Size(), 10), strconv.FormatInt(st.ModTime().UnixNano(), 10))
	return qemu{path: path, id: f.key()}, nil
}

// Descriptors that QEMU inherits: connected sockets, so that no socket has a
// name in the file system that could be too long or stay behind.
const (
	fdLink    = 3 // to the agent
	fdConsole = 4 // the guest's console, one way
	fdQMP     = 5 // the QEMU Machine Protocol
)

// machine is all that makes two virtual machines alike.
type machine struct {
	accel  AccelName
	image  string
	initrd string
	disk   string // "" for none
	memory int    // MiB
	cpus   int
	// more is added to the kernel's command line.
	more string
}

// commandLine is the kernel's. The console is a serial port, which works
// before any module does. Level 5 keeps notices off it, which cost time, and
// warnings on it; an oops or a panic raises the level by itself
// (console_verbose in kernel/panic.c). panic=-1 reboots at once, and -no-reboot
// makes that the end of QEMU. An oops does not panic: it is a result to see.
// The kernel is not randomised: that is a job of the decompressor, which a
// machine started from an unpacked kernel skips, and nothing here hangs on it.
const commandLine = "console=ttyS0 panic=-1 loglevel=5"

// kernelLine is the kernel's command line, all of it.
func (m machine) kernelLine() string {
	_, word := m.accel.clockArgs(m.cpus)
	return strings.Join(strings.Fields(commandLine+" "+word+" "+m.more), " ")
}

// args returns QEMU's arguments. q35 and pc start equally fast; microvm, which
// has no PCI configuration these kernels can use, does not start them.
func (m machine) args() []string {
	clock, _ := m.accel.clockArgs(m.cpus)
	a := []string{
		"-name", "kmodsh",
		"-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
		"-machine", "q35", "-cpu", m.accel.cpu(),
		"-accel", m.accel.arg(),
		"-m", strconv.Itoa(m.memory), "-smp", strconv.Itoa(m.cpus),
		"-kernel", m.image, "-initrd", m.initrd, "-append", m.kernelLine(),
		"-serial", "chardev:console", "-serial", "chardev:link",
	}
	a = append(a, clock...)
	if m.disk != "" {
		// JSON, in which no character of a path means anything.
		b, err := json.Marshal(map[string]any{
			"node-name": "modules", "driver": "raw", "read-only": true,
			"file": map[string]any{"driver": "file", "filename": m.disk},
		})
		if err != nil {
			panic(err) // strings and a bool
		}
		a = append(a, "-blockdev", string(b), "-device", "virtio-blk-pci,drive=modules")
	}
	return a
}

// lineArgs returns the arguments for the sockets that QEMU inherits.
func lineArgs() []string {
	return []string{
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", fdConsole),
		"-chardev", fmt.Sprintf("socket,id=link,fd=%d", fdLink),
		"-chardev", fmt.Sprintf("socket,id=qmp,fd=%d", fdQMP),
		"-mon", "chardev=qmp,mode=control",
	}
}

// steppedKey returns the name of the same machine with the test driver loaded.
func (m machine) steppedKey(key string) string {
	f := newFingerprint("stepped 1")
	f.add(key)
	return f.key()
}

// key returns the name under which a saved machine of this kind is kept: of
// what boots, the QEMU, and the protocol that the agent in it speaks.
func (m machine) key(fingerprint string, q qemu) string {
	f := newFingerprint("machine 2")
	f.add(fingerprint, q.id, strconv.Itoa(wire.Version))
	f.add(m.args()...)
	if m.accel != AccelTCG {
		// A processor that is not emulated is part of the machine.
		f.add(hostCPU())
	}
	return f.key()
}
