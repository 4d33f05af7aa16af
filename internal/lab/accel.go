package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"example.org/kmodsh/internal/agent/wire"
)

// AccelName names a QEMU accelerator.
type AccelName string

// The accelerators.
const (
	AccelKVM AccelName = "kvm" // Linux
	AccelHVF AccelName = "hvf" // macOS
	AccelTCG AccelName = "tcg" // emulation: works everywhere, several times slower
)

// arg returns the value of QEMU's -accel.
func (a AccelName) arg() string {
	if a == AccelTCG {
		// All emulated processors in one thread. With a thread each (QEMU 7.2) one
		// may run code that another has just patched: kernels patch their own
		// code all the time (jump labels, tracepoints), and a start in some
		// thirty ended in "Oops: int3" or with a lost timer. The price measured
		// for two processors is 0.3 to 0.8 s of a start, and nothing on loads.
		return "tcg,thread=single"
	}
	return string(a)
}

// cpu is the model of processor. An emulated one (QEMU 7.2) that is interrupted
// right after cmpxchg16b may save flags with a piece of RAX in them, of which the
// guest dies when they come back: machines that were saved there crashed at every
// second start. Kernels do without the instruction where there is none. Nor has
// it fast string instructions (ERMS, FSRM), for which kernels clear and copy
// memory byte by byte: where instructions are counted each byte is a block of
// code of its own.
func (a AccelName) cpu() string {
	if a == AccelTCG {
		return "max,cx16=off,erms=off,fsrm=off"
	}
	return "max"
}

// clockArgs returns the arguments that make the guest's clock, and the word for
// the kernel's command line that goes with them. An emulated guest counts its
// instructions, 4 ns each, about what it takes here: so its time hangs neither on
// how busy this machine is nor on how long somebody thinks, and when it sleeps
// the clock leaps to the end of that. A start takes 1.5 times as long for it,
// whatever sleeps a tenth. Real processors have a clock of their own, which at
// least stands while they do. So has an emulated guest of several processors:
// when instructions are counted QEMU before 8.1 lets the first of them use up all
// the time until the next timer, and others starve.
func (a AccelName) clockArgs(cpus int) (args []string, word string) {
	if a != AccelTCG || cpus != 1 {
		return nil, ""
	}
	return []string{"-icount", "shift=2,sleep=off,align=off"}, wire.CountedClock
}

// cpus is how many processors a machine gets when nobody says. Emulated ones
// share one thread, so a second is no faster.
func (a AccelName) cpus() int {
	if a == AccelTCG {
		return 1
	}
	return 2
}

// Accel is what a probe found.
type Accel struct {
	Name AccelName `json:"name"`
	// Why says what is wrong with the faster one, "" when nothing is.
	Why string `json:"why,omitempty"`
	// Fix is what a person can do about it, "" when there is nothing.
	Fix string `json:"fix,omitempty"`
}

func (a Accel) String() string {
	if a.Why == "" {
		return string(a.Name)
	}
	return fmt.Sprintf("%s (%s)", a.Name, a.Why)
}

// probeLimit is how long an accelerator may take to run the probe, which it
// does in less than a tenth of a second where it works.
const probeLimit = 3 * time.Second

// accelFile keeps the answers.
const accelFile = "accel.json"

// accelAnswer is an answer with what it hangs on.
type accelAnswer struct {
	Key   string `json:"key"`
	Accel Accel  `json:"accel"`
}

// ProbeAccel returns the fastest accelerator that works here. That a device
// file exists says little (in a VM, /dev/kvm may be there and its guests hang
// or QEMU abort), so a tiny guest is run to see, once for each boot of this
// machine and each QEMU: the answer is kept in the cache. The error says that
// QEMU is missing; it wraps exec.ErrNotFound.
func ProbeAccel(ctx context.Context, c *Cache) (Accel, error) {
	q, err := findQEMU()
	if err != nil {
		return Accel{}, err
	}
	return c.accel(ctx, q)
}

func (c *Cache) accel(ctx context.Context, q qemu) (Accel, error) {
	name, a, ok := hostAccel()
	if !ok {
		return a, nil
	}
	if kept, err := readAnswer(filepath.Join(c.VMs(), accelFile)); err == nil && kept.Key == accelKey(q, name) {
		return kept.Accel, nil
	}
	a = Accel{Name: name}
	if err := runProbe(ctx, c, q, name, probeLimit); err != nil {
		if ctx.Err() != nil {
			return Accel{}, ctx.Err()
		}
		a = Accel{Name: AccelTCG, Why: fmt.Sprintf("%s does not work here: %v", name, err)}
	}
	c.keepAccel(q, name, a)
	return a, nil
}

// accelKey is what an answer about an accelerator hangs on.
func accelKey(q qemu, name AccelName) string {
	f := newFingerprint("accel 1")
	f.add(string(name), q.id, hostBoot())
	return f.key()
}

// keepAccel keeps an answer. One that cannot be kept is found again the next
// time.
func (c *Cache) keepAccel(q qemu, name AccelName, a Accel) {
	_ = writeAnswer(c, filepath.Join(c.VMs(), accelFile), accelAnswer{accelKey(q, name), a})
}

// hostAccel returns the accelerator that this system may have. With ok false
// there is none to try, and a is the answer.
func hostAccel() (name AccelName, a Accel, ok bool) {
	tcg := func(why, fix string) (AccelName, Accel, bool) {
		return "", Accel{Name: AccelTCG, Why: why, Fix: fix}, false
	}
	if runtime.GOARCH != "amd64" {
		return tcg("the guest is x86-64, this machine is "+runtime.GOARCH, "")
	}
	switch runtime.GOOS {
	case "darwin":
		return AccelHVF, Accel{}, true
	case "linux":
		f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
		switch {
		case err == nil:
			f.Close()
			return AccelKVM, Accel{}, true
		case errors.Is(err, fs.ErrNotExist):
			return tcg("there is no /dev/kvm", "turn on virtualisation in the firmware, or modprobe kvm-intel or kvm-amd")
		case errors.Is(err, fs.ErrPermission):
			return tcg("this user may not use /dev/kvm", "sudo usermod -aG kvm $USER, then log in again")
		}
		return tcg(err.Error(), "")
	}
	return tcg("QEMU has no accelerator for "+runtime.GOOS+" that kmodsh knows", "")
}

// runProbe has QEMU run the probe's program and nil is returned when it did.
func runProbe(ctx context.Context, c *Cache, q qemu, name AccelName, limit time.Duration) error {
	dir, err := c.TempDir("probe")
	if err != nil {
		return err
	}
	defer dir.Close()
	rom := filepath.Join(dir.Path, "rom")
	if err := os.WriteFile(rom, probeROM(), 0o600); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, q.path,
		"-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
		"-machine", "q35", "-cpu", "max", "-accel", name.arg(), "-m", "16", "-bios", rom,
		"-device", fmt.Sprintf("isa-debug-exit,iobase=%#x,iosize=4", probePort))
	dieWithUs(cmd)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("a guest of 200 bytes did not end within %s", limit)
	case errors.As(err, &exit) && exit.ExitCode() == probeExit:
		return nil
	case len(out) > 0:
		// QEMU names itself first, and an assertion may follow the reason.
		return errors.New(firstLine(out))
	case err != nil:
		return err
	}
	return errors.New("QEMU ended without running the guest")
}

func readAnswer(path string) (accelAnswer, error) {
	f, err := os.Open(path)
	if err != nil {
		return accelAnswer{}, err
	}
	defer f.Close()
	var a accelAnswer
	if err := json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&a); err != nil {
		return accelAnswer{}, err
	}
	switch a.Accel.Name {
	case AccelKVM, AccelHVF, AccelTCG:
		return a, nil
	}
	return accelAnswer{}, fmt.Errorf("%s: no accelerator is called %.20q", path, a.Accel.Name)
}

func writeAnswer(c *Cache, path string, a accelAnswer) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	dir, err := c.TempDir("accel")
	if err != nil {
		return err
	}
	defer dir.Close()
	tmp := filepath.Join(dir.Path, accelFile)
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
