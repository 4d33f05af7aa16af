package kmod

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// memKernel is a kernel in memory with what the loader can see of a real one:
// a module list, /sys/module directories, a clock that moves only in Sleep and
// in the kernel's own waits, and other loaders, whose doings are a list of
// changes at set times. It writes down every call.
type memKernel struct {
	modules     []kernel.Module
	dirs        map[string]bool // directories without initstate
	now         time.Duration
	later       []change
	answers     map[string][]syscall.Errno // of the next loads or removals of a module
	says        map[string][]string        // what the kernel logs at the next load
	compression string
	log         []string
	calls       []string
}

// change is what another loader does to a module at a time.
type change struct {
	at     time.Duration
	module string
	to     trace.State
}

func (k *memKernel) note(format string, args ...any) {
	k.calls = append(k.calls, "  "+fmt.Sprintf(format, args...))
}

// pass moves the clock, and the other loaders with it.
func (k *memKernel) pass(d time.Duration) {
	k.now += d
	for len(k.later) > 0 && k.later[0].at <= k.now {
		c := k.later[0]
		k.later = k.later[1:]
		k.set(c.module, c.to)
	}
}

func (k *memKernel) find(name string) *kernel.Module {
	for i := range k.modules {
		if k.modules[i].Name == name {
			return &k.modules[i]
		}
	}
	return nil
}

func (k *memKernel) set(name string, s trace.State) {
	m := k.find(name)
	switch {
	case s == trace.Absent:
		k.modules = slices.DeleteFunc(k.modules, func(m kernel.Module) bool { return m.Name == name })
		delete(k.dirs, name)
	case m == nil:
		k.modules = append(k.modules, kernel.Module{Name: name, State: s})
	default:
		m.State = s
		delete(k.dirs, name)
	}
}

func (k *memKernel) Release() string     { return "6.1.0" }
func (k *memKernel) Compression() string { return k.compression }

func (k *memKernel) Finit(_ context.Context, f fs.File, params string, flags kernel.InitFlags) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return k.insert("finit_module", st.Name(), params, flags)
}

func (k *memKernel) Init(_ context.Context, image []byte, params string) error {
	return k.insert("init_module", string(image), params, 0)
}

// insert follows rule C of the kernel: a second loader waits while the first
// one's module is coming, and then gets EEXIST or EBUSY.
func (k *memKernel) insert(call, file, params string, flags kernel.InitFlags) (err error) {
	name := moduleNameOf(file)
	k.log = append(k.log, k.says[name]...)
	defer func() {
		text := "0"
		if err != nil {
			text = kernel.ErrnoName(kernel.ErrnoOf(err))
		}
		k.note("%s %s %q flags=%d = %s", call, file, params, flags, text)
	}()
	if a := k.answers[name]; len(a) > 0 {
		k.answers[name] = a[1:]
		if a[0] != 0 {
			return a[0]
		}
		k.set(name, trace.Live)
		return nil
	}
	if m := k.find(name); m != nil {
		for m != nil && m.State == trace.Coming && len(k.later) > 0 {
			k.pass(k.later[0].at - k.now)
			m = k.find(name)
		}
		if m != nil && m.State == trace.Live {
			return syscall.EEXIST
		}
		return syscall.EBUSY
	}
	k.set(name, trace.Live)
	return nil
}

func (k *memKernel) Delete(_ context.Context, name string, force bool) (err error) {
	defer func() {
		text := "0"
		if err != nil {
			text = kernel.ErrnoName(kernel.ErrnoOf(err))
		}
		k.note("delete_module %s force=%t = %s", name, force, text)
	}()
	if a := k.answers[name]; len(a) > 0 {
		k.answers[name] = a[1:]
		if a[0] != 0 {
			return a[0]
		}
	}
	m := k.find(name)
	switch {
	case m == nil:
		return syscall.ENOENT
	case len(m.Users) > 0:
		return syscall.EAGAIN
	case m.State != trace.Live:
		return syscall.EBUSY
	case m.Permanent && !force:
		return syscall.EBUSY
	case m.Refs > 0 && !force:
		return syscall.EAGAIN
	}
	k.set(name, trace.Absent)
	for i := range k.modules {
		u := &k.modules[i]
		if n := len(u.Users); n > 0 {
			u.Users = slices.DeleteFunc(u.Users, func(s string) bool { return s == name })
			u.Refs -= int64(n - len(u.Users))
		}
	}
	return nil
}

func (k *memKernel) Modules() ([]kernel.Module, error) {
	out := slices.Clone(k.modules)
	for i := range out {
		out[i].Users = slices.Clone(out[i].Users)
	}
	return out, nil
}

func (k *memKernel) Initstate(name string) (kernel.Initstate, error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return kernel.Initstate{}, err
	}
	if k.dirs[name] {
		return kernel.Initstate{Dir: true}, nil
	}
	if m := k.find(name); m != nil {
		return kernel.Initstate{Dir: true, State: m.State}, nil
	}
	return kernel.Initstate{}, nil
}

func (k *memKernel) Sleep(ctx context.Context, d time.Duration) error {
	k.pass(d)
	return ctx.Err()
}

func (k *memKernel) LogMark() kernel.LogMark { return kernel.LogMark(len(k.log)) }

func (k *memKernel) LogSince(m kernel.LogMark) []string { return slices.Clone(k.log[m:]) }

// directive sets the kernel up by a line of a test file.
func (k *memKernel) directive(line string) error {
	f := strings.Fields(line)
	if len(f) < 2 {
		return fmt.Errorf("directive %q", line)
	}
	switch f[0] {
	case "live", "coming", "going":
		m := kernel.Module{Name: f[1], State: trace.State(f[0])}
		for _, a := range f[2:] {
			if users, ok := strings.CutPrefix(a, "users="); ok {
				m.Users = strings.Split(users, ",")
				m.Refs += int64(len(m.Users))
			} else if a == "busy" {
				m.Refs++
			} else if a == "permanent" {
				m.Permanent = true
			} else if a == "no-initstate" {
				k.dirs[m.Name] = true
			}
		}
		k.modules = append(k.modules, m)
	case "dir":
		k.dirs[f[1]] = true
	case "compression":
		k.compression = f[1]
	case "says":
		k.says[f[1]] = append(k.says[f[1]], strings.Join(f[2:], " "))
	case "answers":
		for _, a := range f[2:] {
			k.answers[f[1]] = append(k.answers[f[1]], errnoByName[a])
		}
	case "at":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			return err
		}
		k.later = append(k.later, change{d, f[2], trace.State(f[3])})
	default:
		return fmt.Errorf("directive %q", line)
	}
	return nil
}

var errnoByName = map[string]syscall.Errno{
	"0": 0, "ENOENT": syscall.ENOENT, "EEXIST": syscall.EEXIST, "EBUSY": syscall.EBUSY, "EINVAL": syscall.EINVAL,
	"ENODEV": syscall.ENODEV, "ENOSYS": syscall.ENOSYS, "EAGAIN": syscall.EAGAIN, "ENOEXEC": syscall.ENOEXEC,
}
