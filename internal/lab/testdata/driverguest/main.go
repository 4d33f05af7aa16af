// Command driverguest is the first process of a guest in which the test driver
// is tried: it loads the driver, runs the checks and prints one line for each.
// It is also the guest's /sbin/modprobe, and the child that loads a module.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const modules = "/mods"

func main() {
	if filepath.Base(os.Args[0]) == "modprobe" {
		os.Exit(modprobe(os.Args[len(os.Args)-1]))
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "loadwhen": // told to
			os.Stdin.Read(make([]byte, 1))
			fallthrough
		case "load":
			os.Exit(errnoOf(load(os.Args[2], strings.Join(os.Args[3:], " "))))
		case "suspend":
			os.Exit(errnoOf(errors.Unwrap(os.WriteFile("/sys/power/state", []byte(os.Args[2]), 0))))
		case "unload":
			os.Exit(errnoOf(unix.DeleteModule(os.Args[2], unix.O_NONBLOCK)))
		}
	}
	if os.Getpid() != 1 {
		fmt.Println("driverguest is the first process of a guest")
		os.Exit(2)
	}
	defer off()
	for _, m := range [][3]string{{"proc", "/proc", "proc"}, {"sysfs", "/sys", "sysfs"}, {"devtmpfs", "/dev", "devtmpfs"}} {
		os.MkdirAll(m[1], 0o755)
		if err := unix.Mount(m[0], m[1], m[2], 0, ""); err != nil {
			fmt.Println("not ok mounts:", m, err)
			return
		}
	}
	console, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
	if err != nil {
		return
	}
	os.Stdout, os.Stderr = console, console
	if err := load("kmodsh_driver", ""); err != nil {
		fmt.Println("not ok driver:", err)
		return
	}
	wanted := only()
	for _, c := range checks {
		if len(wanted) == 0 && !c.bench || wanted[c.name] {
			run(c)
		}
	}
	if err := unix.DeleteModule("kmodsh_driver", unix.O_NONBLOCK); err != nil {
		fmt.Println("not ok unload:", err)
		return
	}
	fmt.Println("ok unload")
	fmt.Println("all done")
	// tcdrain(3): or the kernel's words about its end come into the middle of it.
	unix.IoctlSetInt(1, unix.TCSBRK, 1)
}

// cmdline returns the value of a word of the kernel's command line.
func cmdline(key string) string {
	b, _ := os.ReadFile("/proc/cmdline")
	for w := range strings.FieldsSeq(string(b)) {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return v
		}
	}
	return ""
}

// only returns the names of the checks to run, none for all.
func only() map[string]bool {
	names := map[string]bool{}
	for n := range strings.SplitSeq(cmdline("driverguest.only"), ",") {
		if n != "" {
			names[n] = true
		}
	}
	return names
}

func off() {
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

type check struct {
	name  string
	f     func(*guest) error
	bench bool // only when it is asked for
}

func run(c check) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Printf("not ok %s: panic: %v\n%s\n", c.name, p, debug.Stack())
		}
	}()
	g, err := newGuest()
	if err == nil {
		err = c.f(g)
		if cerr := g.end(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		fmt.Printf("not ok %s: %s\n", c.name, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	fmt.Println("ok", c.name)
}

// load loads a module of the guest, as finit_module(2) does it.
func load(name, params string) error {
	f, err := os.Open(filepath.Join(modules, name+".ko"))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		// The Go runtime's signals end waits.
		if err := unix.FinitModule(int(f.Fd()), params, 0); err != syscall.EINTR {
			return err
		}
	}
}

func errnoOf(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(syscall.Errno); ok {
		return int(e)
	}
	return 255
}

// modprobe is what the kernel starts for a request: "-q -- NAME".
func modprobe(name string) int {
	if name == "slow" {
		unix.Nanosleep(&unix.Timespec{Nsec: 300_000_000}, nil)
		return 0
	}
	if err := load(name, ""); err != nil && err != syscall.EEXIST {
		return 1
	}
	return 0
}

// child is a process that loads or unloads.
type child struct {
	cmd *exec.Cmd
	pid int
	in  io.WriteCloser
}

func start(args ...string) (*child, error) {
	cmd := exec.Command("/init", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd, cmd.Process.Pid, in}, nil
}

// wait returns the errno that the child's call ended with.
func (c *child) wait() int {
	c.cmd.Wait()
	if c.cmd.ProcessState.Exited() {
		return c.cmd.ProcessState.ExitCode()
	}
	return -1
}

// row returns the state column of a module's row, "" when it has none.
func row(name string) string {
	b, _ := os.ReadFile("/proc/modules")
	for line := range strings.SplitSeq(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) >= 5 && f[0] == name {
			return f[4]
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
