package sim

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// view is the simulated kernel as one of its threads sees it: what the loader
// core acts on, in the place where the real one makes system calls.
type view struct {
	t       *Thread
	release string
	tree    *realTree // nil on an invented system
	// states: of the module list it shows names and states alone. A load goes by
	// nothing else (kmod, TestLoader), and a search that knows that need not try
	// it at each change of a reference count.
	states bool
}

var _ kernel.Kernel = view{}

func (v view) Release() string { return v.release }

// Compression is "xz" where the profile's kernel unpacks module files itself,
// as Debian's 6.12 does.
func (v view) Compression() string {
	if v.t.w.Profile.KernelDecompress {
		return "xz"
	}
	return ""
}

func (v view) Finit(_ context.Context, f fs.File, params string, flags kernel.InitFlags) error {
	if e := v.t.openFile(); e != 0 {
		return fmt.Errorf("open: %w", syscall.Errno(e))
	}
	open, ok := f.(simFile)
	if !ok {
		return fmt.Errorf("finit_module: %w", syscall.Errno(EBADF))
	}
	file, err := open.simFile()
	if err != nil {
		return fmt.Errorf("finit_module: %w", err)
	}
	if file == nil { // an index: no module at all
		return fmt.Errorf("finit_module: %w", syscall.Errno(ENOEXEC))
	}
	return v.returned(v.t.Load(file, params, ViaFinit, flags))
}

// Init finds the module whose image it is by the line the image begins with,
// or by its ELF facts.
func (v view) Init(_ context.Context, image []byte, params string) error {
	line, _, _ := strings.Cut(string(image[:min(len(image), 256)]), "\n")
	var file *File
	if name, ok := strings.CutPrefix(line, imageMark); ok {
		file = v.t.w.files(name)
	} else if v.tree != nil {
		file, _ = v.tree.fromImage(image) // what is no module is ENOEXEC
	}
	if file == nil {
		return syscall.Errno(ENOEXEC)
	}
	return v.returned(v.t.Load(file, params, ViaInit, 0))
}

func (v view) Delete(_ context.Context, name string, force bool) error {
	return v.returned(v.t.Delete(name, force))
}

// look stops the thread between two looks of user space at the kernel's files:
// each is a system call of its own, and much can happen from one to the next.
func (v view) look() {
	if v.t.looked == v.t.w.steps {
		v.t.pause()
	}
	v.t.looked = v.t.w.steps
}

func (v view) Modules() ([]kernel.Module, error) {
	defer v.t.userspace()
	v.look()
	// A reader of /proc/modules takes module_mutex (kernel/module/procfs.c, m_start).
	v.t.Lock(&v.t.w.mm, Uninterruptible)
	rows := v.t.w.Rows()
	if v.states {
		v.t.w.sawStates()
		for i, r := range rows {
			rows[i] = kernel.Module{Name: r.Name, State: r.State}
		}
	} else {
		v.t.w.sawList()
	}
	v.t.Unlock(&v.t.w.mm)
	return rows, nil
}

func (v view) Initstate(name string) (kernel.Initstate, error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return kernel.Initstate{}, err
	}
	v.look()
	return v.t.w.Initstate(name), nil
}

func (v view) Sleep(ctx context.Context, d time.Duration) error {
	v.t.Sleep(d, "a while, to look again")
	v.t.userspace()
	return ctx.Err()
}

func (v view) LogMark() kernel.LogMark { return kernel.LogMark(len(v.t.w.log)) }

func (v view) LogSince(mark kernel.LogMark) []string {
	return append([]string(nil), v.t.w.log[min(int(mark), len(v.t.w.log)):]...)
}

// returned turns a system call's return value into an error.
func (v view) returned(ret int64) error {
	v.t.userspace()
	if ret < 0 {
		return syscall.Errno(-ret)
	}
	return nil
}

// glance is a view that sees all at one moment and disturbs nothing: the
// checker's, not a process's.
type glance struct{ view }

func (g glance) Modules() ([]kernel.Module, error) {
	g.t.w.sawStates() // the checker looks at nothing else
	return g.t.w.Rows(), nil
}

func (g glance) Initstate(name string) (kernel.Initstate, error) {
	return g.t.w.Initstate(name), nil
}

// Initstate is what /sys/module/NAME shows: of a module, or of built-in code
// that has a directory.
func (w *World) Initstate(name string) kernel.Initstate {
	if m := w.dirOf(name); m != nil {
		s := kernel.Initstate{Dir: true}
		if m.Sysfs.Initstate() {
			w.sawName(name, m)
			s.State = m.State
		}
		return s
	}
	return kernel.Initstate{Dir: w.dirs[name]}
}

// Loader returns the loader core for thread t: the real one, over the
// simulated kernel, each of its stages a point at which t stops. states is
// view's: true for what loads.
func (s *System) Loader(t *Thread, states bool) *kmod.Loader {
	return &kmod.Loader{
		Resolver: s.resolverIn(t.w),
		Kernel:   view{t, s.release, s.tree, states},
		Report:   func(e trace.Event) { t.Point(e.Point, nil, e) },
		Now:      t.w.clock,
		Run: func(_ context.Context, c kmod.Command) (int, error) {
			return s.shell(t, c.Text), nil
		},
	}
}

// modprobe is /sbin/modprobe: the loader core with the world's policy.
func (s *System) modprobe(t *Thread, argv []string) int {
	name := argv[len(argv)-1]
	_, err := s.Loader(t, true).Load(context.Background(), kernel.LoadRequest{Name: name, Policy: t.w.Policy})
	if err != nil {
		return 1
	}
	return 0
}
