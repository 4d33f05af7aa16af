package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

const (
	// modprobePath is where the kernel finds its helper, unless it was told
	// otherwise.
	modprobePath = "/sbin/modprobe"
	// modprobeDiverted is where the real one lies meanwhile.
	modprobeDiverted = "/sbin/modprobe.real"
)

// placeHelper puts another file in the place of /sbin/modprobe, for the forms
// whose exec fails; all others are the real program's, which is told by the
// gate what to do.
func placeHelper(form string) error {
	if _, err := os.Lstat(modprobeDiverted); err == nil {
		if err := os.Rename(modprobeDiverted, modprobePath); err != nil {
			return fmt.Errorf("putting modprobe back: %w", err)
		}
	}
	var content string
	mode := os.FileMode(0o755)
	switch form {
	case "missing":
	case "noexec":
		content, mode = "#!/sbin/modprobe.real\n", 0o644
	case "badformat": // text, for which the kernel asks no module (fs/exec.c, search_binary_handler)
		content = "not a program\n"
	case "binfmt": // what an ELF file begins with, and nothing of one: the kernel asks for binfmt-464c
		content = "\x7fELF"
	default:
		return nil
	}
	if err := os.Rename(modprobePath, modprobeDiverted); err != nil {
		return fmt.Errorf("putting modprobe aside: %w", err)
	}
	if form == "missing" {
		return nil
	}
	if err := os.WriteFile(modprobePath, []byte(content), mode); err != nil {
		return fmt.Errorf("writing another modprobe: %w", err)
	}
	return nil
}

// Lie does what a helper does that is not the real one. handled is false when
// it is, or when this process is no helper of the kernel.
func (g *Gate) Lie(report func(trace.Event), argv []string) (status int, handled bool) {
	f, err := readHelper(g.answer.Helper)
	if err != nil || f.kind == "real" || f.kind == "" || len(argv) == 0 || !startedByKernel() {
		return 0, false
	}
	if f.kind == "slow" {
		g.slow(f.slow)
		return 0, false
	}
	name := argv[len(argv)-1]
	e := kmod.Started(append([]string{filepath.Base(argv[0])}, argv[1:]...))
	e.Name = name
	report(e)
	switch f.kind {
	case "exit":
		status = f.exit
	case "killed":
		unix.Kill(os.Getpid(), unix.SIGKILL)
		select {} // it comes
	case "stuck":
		g.sleep("nothing: it is stuck", false, func() error { return unix.Pause() })
	case "insmod":
		status = insmodOnly(name)
	}
	e = kmod.Exited(status)
	e.Name = name
	report(e)
	return status, true
}

// slow sleeps first. Its stage of the start comes before, so that it is not
// reported again.
func (g *Gate) slow(d time.Duration) {
	g.sleep("a while, being slow", true, func() error {
		time.Sleep(d)
		return nil
	})
}

// insmodOnly inserts the one file and none of those it needs: EEXIST is
// success, all else failure.
func insmodOnly(name string) int {
	path, err := moduleFile(name)
	if err != nil {
		return 1
	}
	f, err := os.Open(path)
	if err != nil {
		return 1
	}
	defer f.Close()
	k, err := kernel.NewLinux()
	if err != nil {
		return 1
	}
	flags := kernel.InitFlags(0)
	if kmod.Compression(path) != "" {
		flags = kernel.CompressedFile
	}
	if err := k.Finit(context.Background(), f, "", flags); err != nil && !errors.Is(err, syscall.EEXIST) {
		return 1
	}
	return 0
}

// startedByKernel says whether a worker of the kernel started this process: it
// has no parent in user space but init's kernel thread.
func startedByKernel() bool { return kernelStarted(os.Getpid()) }

// kernelStarted says whether the parent of a process is a thread of the kernel,
// which has no memory of its own (proc(5): an empty cmdline) and descends from
// kthreadd, process 2.
func kernelStarted(pid int) bool {
	parent := parentOf(strconv.Itoa(pid))
	return parent == kthreadd || parent != "" && parentOf(parent) == kthreadd
}
