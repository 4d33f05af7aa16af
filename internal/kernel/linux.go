//go:build linux

package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/trace"
)

// Linux is the Linux kernel that the process runs on.
//
// The three system calls that load and unload can't be interrupted by a
// context: one that is done before the call returns its error at once, one
// that ends later changes nothing. Whoever must be able to give up runs the
// loader in a process of its own and ends that with SIGKILL, which ends every
// wait of a load but the module's own init function.
type Linux struct {
	release string
	proc    string // where procfs is mounted
	sys     string // where sysfs is mounted
	log     kmsg
}

// NewLinux returns the kernel that the process runs on. It needs no privilege;
// what does need it (loading, the log) says so when it is used.
func NewLinux() (*Linux, error) {
	release, err := unameRelease()
	if err != nil {
		return nil, err
	}
	return &Linux{release: release, proc: "/proc", sys: "/sys"}, nil
}

// Release is the kernel's release string, as uname -r prints it.
func (k *Linux) Release() string { return k.release }

// Finit loads the module in f, which must be an *os.File opened for reading,
// by finit_module(2).
func (k *Linux) Finit(ctx context.Context, f fs.File, params string, flags InitFlags) error {
	file, ok := f.(*os.File)
	if !ok {
		return fmt.Errorf("finit_module: needs an open file of this system, not %T", f)
	}
	if err := checkParams(params); err != nil {
		return fmt.Errorf("finit_module: %w", err)
	}
	return retry(ctx, "finit_module", func() error {
		return finitModule(int(file.Fd()), params, int(flags))
	})
}

// Init loads a module image by init_module(2).
func (k *Linux) Init(ctx context.Context, image []byte, params string) error {
	if err := checkParams(params); err != nil {
		return fmt.Errorf("init_module: %w", err)
	}
	return retry(ctx, "init_module", func() error { return initModule(image, params) })
}

// Delete unloads a module by delete_module(2) with O_NONBLOCK, as every tool
// does; force adds O_TRUNC.
func (k *Linux) Delete(ctx context.Context, name string, force bool) error {
	if err := CheckModuleName(name); err != nil {
		return fmt.Errorf("delete_module: %w", err)
	}
	flags := syscall.O_NONBLOCK
	if force {
		flags |= syscall.O_TRUNC
	}
	return retry(ctx, "delete_module", func() error { return deleteModule(name, flags) })
}

// checkParams refuses a parameter string that the system call would cut off.
func checkParams(params string) error {
	if strings.IndexByte(params, 0) >= 0 {
		return fmt.Errorf("parameters %q hold a zero byte: %w", clip(params), syscall.EINVAL)
	}
	return nil
}

// maxRetries bounds how often a system call that a signal ended is made again.
const maxRetries = 16

// retry makes a system call again while a signal ended it. The Go runtime
// sends its own threads signals, and a wait for another load of the same file
// answers EINTR even where the handler asks for a restart
// (kernel/module/main.c of 6.12, idempotent_wait_for_completion).
func retry(ctx context.Context, call string, f func() error) error {
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", call, err)
		}
		err := f()
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) || n == maxRetries {
			return fmt.Errorf("%s: %w", call, err)
		}
	}
}

// Modules reads /proc/modules. Where procfs is mounted and has no such file the
// error wraps ErrNoModules.
func (k *Linux) Modules() ([]Module, error) {
	f, err := os.Open(k.proc + "/modules")
	if errors.Is(err, fs.ErrNotExist) {
		if _, mounted := os.Stat(k.proc + "/self"); mounted == nil {
			return nil, fmt.Errorf("reading the module list: %w: %w", err, ErrNoModules)
		}
		return nil, fmt.Errorf("reading the module list: %w (is /proc mounted?)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the module list: %w", err)
	}
	defer f.Close()
	return ParseModules(f)
}

// Initstate reads /sys/module/NAME/initstate. A directory without the file
// answers an empty state: the module is being set up, being taken down, or the
// directory is one of built-in code. A file that goes while it is read (ENODEV)
// belongs to a module that is going.
func (k *Linux) Initstate(name string) (Initstate, error) {
	if err := CheckModuleName(name); err != nil {
		return Initstate{}, err
	}
	dir := k.sys + "/module/" + Normalize(name)
	text, err := readSmall(dir + "/initstate")
	switch {
	case err == nil:
		text = strings.TrimSpace(text)
		state := trace.ParseInitstate(text)
		if state == "" {
			return Initstate{}, fmt.Errorf("%s/initstate holds %q: %w", dir, clip(text), ErrDamaged)
		}
		return Initstate{Dir: true, State: state}, nil
	case errors.Is(err, syscall.ENODEV):
		return Initstate{Dir: true, State: trace.Going}, nil
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return Initstate{}, err
	}
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Initstate{}, nil
	case err != nil:
		return Initstate{}, err
	}
	return Initstate{Dir: st.IsDir()}, nil
}

// Compression reads /sys/module/compression, which a kernel has that takes
// compressed module files itself (kernel/module/decompress.c, Linux 5.17).
func (k *Linux) Compression() string {
	text, err := readSmall(k.sys + "/module/compression")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// Attribute reads /sys/module/NAME/FILE.
func (k *Linux) Attribute(name, file string) (string, error) {
	if err := CheckModuleName(name); err != nil {
		return "", err
	}
	return readSmall(k.sys + "/module/" + Normalize(name) + "/" + file)
}

// Holders lists /sys/module/NAME/holders.
func (k *Linux) Holders(name string) ([]string, error) {
	if err := CheckModuleName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(k.sys + "/module/" + Normalize(name) + "/holders")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1) // ReadDir would sort them
}

// readSmall reads a file of procfs or sysfs, which never holds more than a page.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	buf := make([]byte, 4096)
	n, err := f.Read(buf)
	if n == 0 && err != nil && err != io.EOF {
		return "", err
	}
	return string(buf[:n]), nil
}

// Sleep waits d, less when ctx ends, whose error it then returns.
func (k *Linux) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LogMark returns the number of the last record of the kernel log.
func (k *Linux) LogMark() LogMark { return k.log.mark() }

// LogSince returns the text of the records after the mark.
func (k *Linux) LogSince(mark LogMark) []string { return k.log.since(mark) }

var (
	_ Kernel = (*Linux)(nil)
	_ Sysfs  = (*Linux)(nil)
)
