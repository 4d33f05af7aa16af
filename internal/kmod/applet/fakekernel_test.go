package applet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// fakeKernel is a kernel of files; testdata/fakekernel.c says which, and is the
// same for kmod's tools.
type fakeKernel struct{ dir string }

func (k fakeKernel) file(parts ...string) string {
	return filepath.Join(append([]string{k.dir}, parts...)...)
}

func (k fakeKernel) Release() string                            { return "1.0" }
func (k fakeKernel) LogMark() kernel.LogMark                    { return 0 }
func (k fakeKernel) LogSince(kernel.LogMark) []string           { return nil }
func (k fakeKernel) Sleep(context.Context, time.Duration) error { return nil }

func (k fakeKernel) Compression() string {
	b, _ := os.ReadFile(k.file("sys/module/compression"))
	return strings.TrimSpace(string(b))
}

func (k fakeKernel) Modules() ([]kernel.Module, error) {
	b, err := os.ReadFile(k.file("proc/modules"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", err, kernel.ErrNoModules)
	}
	if err != nil {
		return nil, err
	}
	return kernel.ParseModules(bytes.NewReader(b))
}

func (k fakeKernel) Initstate(name string) (kernel.Initstate, error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return kernel.Initstate{}, err
	}
	if _, err := os.Stat(k.file("sys/module", name)); err != nil {
		return kernel.Initstate{}, nil
	}
	b, _ := os.ReadFile(k.file("sys/module", name, "initstate"))
	return kernel.Initstate{Dir: true, State: trace.ParseInitstate(strings.TrimSpace(string(b)))}, nil
}

func (k fakeKernel) Attribute(name, file string) (string, error) {
	b, err := os.ReadFile(k.file("sys/module", name, file))
	return string(b), err
}

func (k fakeKernel) Holders(name string) ([]string, error) {
	f, err := os.Open(k.file("sys/module", name, "holders"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (k fakeKernel) Finit(_ context.Context, f fs.File, params string, flags kernel.InitFlags) error {
	path, err := filepath.EvalSymlinks(f.(*os.File).Name())
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return k.load(kernel.Normalize(name), params, int(flags))
}

func (k fakeKernel) Init(_ context.Context, image []byte, params string) error {
	_, rest, ok := bytes.Cut(image, []byte("\x00name="))
	if !ok {
		rest = []byte("unnamed\x00")
	}
	name, _, _ := bytes.Cut(rest, []byte{0})
	return k.load(string(name), params, 0)
}

func (k fakeKernel) load(name, params string, flags int) error {
	if err := k.log("load %s [%s] flags=%d\n", name, params, flags); err != nil {
		return err
	}
	if err := k.answer("load", name); err != nil {
		return err
	}
	if _, err := os.Stat(k.file("sys/module", name)); err == nil {
		return syscall.EEXIST
	}
	k.appendTo("proc/modules", name+" 4096 0 - Live 0x0000000000000000\n")
	if err := os.MkdirAll(k.file("sys/module", name, "holders"), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(k.file("sys/module", name, "initstate"), []byte("live\n"), 0o644),
		os.WriteFile(k.file("sys/module", name, "refcnt"), []byte("0\n"), 0o644))
}

func (k fakeKernel) Delete(_ context.Context, name string, force bool) error {
	flags := syscall.O_NONBLOCK
	if force {
		flags |= syscall.O_TRUNC
	}
	if err := k.log("remove %s flags=%d\n", name, flags); err != nil {
		return err
	}
	if err := k.answer("remove", name); err != nil {
		return err
	}
	refs, _ := os.ReadFile(k.file("sys/module", name, "refcnt"))
	if s := strings.TrimSpace(string(refs)); s != "" && s != "0" {
		return syscall.EAGAIN
	}
	if _, err := os.Stat(k.file("sys/module", name)); err != nil {
		return syscall.ENOENT
	}
	return k.drop(name)
}

// drop takes a module off the list, and off the users of all others.
func (k fakeKernel) drop(name string) error {
	b, err := os.ReadFile(k.file("proc/modules"))
	if err != nil {
		return err
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[0] == name {
			continue
		}
		if users, found := strings.CutPrefix(","+f[3], ","+name+","); found || strings.Contains(f[3], ","+name+",") {
			if !found {
				users = strings.Replace(f[3], ","+name+",", ",", 1)
			}
			var refs int
			fmt.Sscan(f[2], &refs)
			f[2], f[3] = fmt.Sprint(refs-1), users
			if users == "" {
				f[3] = "-"
			}
			os.WriteFile(k.file("sys/module", f[0], "refcnt"), []byte(f[2]+"\n"), 0o644)
			os.Remove(k.file("sys/module", f[0], "holders", name))
		}
		out.WriteString(strings.Join(f, " ") + "\n")
	}
	return errors.Join(os.WriteFile(k.file("proc/modules"), []byte(out.String()), 0o644), os.RemoveAll(k.file("sys/module", name)))
}

func (k fakeKernel) log(format string, args ...any) error {
	return k.appendTo("log", fmt.Sprintf(format, args...))
}

func (k fakeKernel) appendTo(file, text string) error {
	f, err := os.OpenFile(k.file(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (k fakeKernel) answer(op, name string) error {
	b, _ := os.ReadFile(k.file("answers"))
	var found syscall.Errno
	for line := range strings.Lines(string(b)) {
		var o, n string
		var e int
		if _, err := fmt.Sscan(line, &o, &n, &e); err == nil && o == op && n == name {
			found = syscall.Errno(e)
		}
	}
	if found != 0 {
		return found
	}
	return nil
}

// fakeLibrary builds the fake kernel for kmod's tools, once.
func fakeLibrary(t *testing.T) string {
	t.Helper()
	lib := filepath.Join(openDir(t), "fakekernel.so")
	out, err := exec.Command("gcc", "-O1", "-shared", "-fPIC", "-o", lib, "testdata/fakekernel.c", "-ldl").CombinedOutput()
	if err != nil {
		t.Logf("the fake kernel for kmod's tools cannot be built (apt-get install gcc libc6-dev): %v\n%s", err, out)
		return ""
	}
	return lib
}
