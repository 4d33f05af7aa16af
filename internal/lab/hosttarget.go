package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
)

// HostOptions say what may be done with this machine's own kernel.
type HostOptions struct {
	// Yes says that the person confirmed that it may be changed.
	Yes bool
	// Config lists modprobe.d directories and files; nil means the system's.
	Config []string
}

// host is this machine's own kernel as a target.
type host struct {
	linux  *kernel.Linux
	tree   kernel.Tree
	given  []string // configuration in the place of the system's
	yes    bool
	began  time.Time
	events *trace.Log
	damage kmod.Passed // indexes of its tree

	mu     sync.Mutex // one load or unload at a time
	closed bool
}

// hostModules is where the running kernel's module trees are.
const hostModules = "/lib/modules"

// OpenHost returns this machine's own kernel. Everybody can look; loading and
// unloading needs root and HostOptions.Yes, and is done in this process.
func OpenHost(o HostOptions) (kernel.Target, error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, &kernel.UnsupportedError{Target: "host", Op: kernel.OpInfo, Why: err.Error()}
	}
	config := o.Config
	if config == nil {
		config = kmod.DefaultConfigPaths()
	}
	h := &host{linux: k, given: o.Config, yes: o.Yes, began: time.Now(), events: trace.NewLog(eventsKept)}
	h.tree = kernel.Tree{
		Dir: filepath.Join(hostModules, k.Release()), Release: k.Release(),
		Config: config, Cmdline: hostText("/proc/cmdline"),
	}
	return h, nil
}

// hostText reads a small file of procfs without its line break, "" where it
// cannot be read.
func hostText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (h *host) Name() string { return "host" }

// Damaged implements kernel.Damaged.
func (h *host) Damaged() []error { return h.damage.List() }

// OpenedWith implements kernel.Opened.
func (h *host) OpenedWith() kernel.Opening { return kernel.Opening{Config: h.given} }

// Can says why this machine's kernel is left alone.
func (h *host) Can(op kernel.Op) error {
	why := ""
	switch op {
	case kernel.OpLoad, kernel.OpUnload:
		switch {
		case os.Geteuid() != 0 && !h.yes:
			why = "changing this machine's own kernel needs root and the flag --yes"
		case os.Geteuid() != 0:
			why = "changing this machine's own kernel needs root"
		case !h.yes:
			why = "changing this machine's own kernel needs the flag --yes"
		}
	case kernel.OpRequest:
		why = "its kernel starts this machine's own modprobe, which reports nothing"
	case kernel.OpTree:
		if st, err := os.Stat(h.tree.Dir); err != nil || !st.IsDir() {
			why = "there is no directory " + h.tree.Dir
			if others := kmod.OtherTrees(h.tree.Dir); len(others) > 0 {
				why += ", but there are " + strings.Join(others, ", ") + " beside it: was the kernel updated without a reboot?"
			}
		}
	case kernel.OpLog:
		if _, err := kernel.ReadKmsg(1); err != nil {
			why = err.Error()
		}
	}
	if why == "" {
		return nil
	}
	return &kernel.UnsupportedError{Target: "host", Op: op, Why: why, Try: []string{"vm"}}
}

func (h *host) Info(context.Context) (kernel.Info, error) {
	modules, err := kernel.ModulesOrNone(h.linux)
	if err != nil {
		return kernel.Info{}, err
	}
	taint, _ := strconv.ParseUint(hostText("/proc/sys/kernel/tainted"), 10, 64)
	seconds, _, _ := strings.Cut(hostText("/proc/uptime"), " ")
	up, _ := strconv.ParseFloat(seconds, 64)
	return kernel.Info{
		Target: "host", Release: h.linux.Release(), Version: hostText("/proc/sys/kernel/version"),
		Machine: hostText("/proc/sys/kernel/arch"), Taint: taint,
		Modprobe: hostText("/proc/sys/kernel/modprobe"),
		Uptime:   time.Duration(up * float64(time.Second)), Modules: len(modules),
	}, nil
}

// System implements kernel.Describer.
func (h *host) System(context.Context) (kernel.System, error) { return kernel.ReadSystem(""), nil }

// Params implements kernel.ParamReader: what /sys/module/*/parameters shows to
// this user.
func (h *host) Params(context.Context) (map[string]map[string]string, error) {
	return kernel.ReadParams("")
}

// Tree returns the configuration and the command line also with the error of a
// directory that is not there.
func (h *host) Tree() (kernel.Tree, error) { return h.tree, h.Can(kernel.OpTree) }

func (h *host) Modules(context.Context) ([]kernel.Module, error) {
	list, err := h.linux.Modules()
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// loader runs f with a loader over this machine's kernel and tree.
func (h *host) loader(op kernel.Op, f func(*kmod.Loader) error) error {
	if err := h.Can(op); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return kernel.ErrClosed
	}
	config, err := kmod.ReadConfig(h.tree.Config, h.tree.Cmdline)
	if err != nil {
		return err
	}
	tree, err := kmod.OpenTree(h.tree.Dir)
	if err != nil {
		return err
	}
	defer tree.Close()
	tree.OnDamage(h.damage.Add)
	r := kmod.NewResolver(tree, config)
	return f(&kmod.Loader{
		Resolver: r, Kernel: h.linux, Report: h.report,
		Now: func() int64 { return int64(time.Since(h.began)) },
		Why: refusal.OfThisSystem(r, h.linux.Release()).After,
	})
}

// report keeps a stage of the loader as an event.
func (h *host) report(e trace.Event) {
	e.Time = int64(time.Since(h.began))
	e.Thread = trace.Thread{PID: os.Getpid(), Comm: "kmodsh"}
	e.Source = "helper"
	h.events.Append(e)
}

func (h *host) Load(ctx context.Context, req kernel.LoadRequest) (res kernel.LoadResult, err error) {
	err = h.loader(kernel.OpLoad, func(l *kmod.Loader) error {
		var err error
		res, err = l.Load(ctx, req)
		return err
	})
	return res, err
}

func (h *host) Unload(ctx context.Context, req kernel.UnloadRequest) (res kernel.UnloadResult, err error) {
	err = h.loader(kernel.OpUnload, func(l *kmod.Loader) error {
		var err error
		res, err = l.Unload(ctx, req)
		return err
	})
	return res, err
}

func (h *host) Request(context.Context, string) (kernel.RequestResult, error) {
	return kernel.RequestResult{}, h.Can(kernel.OpRequest)
}

func (h *host) Log(_ context.Context, n int) ([]string, error) {
	records, err := kernel.ReadKmsg(n)
	if err != nil {
		return nil, fmt.Errorf("the kernel's log: %w", err)
	}
	var lines []string
	for _, r := range records {
		lines = append(lines, r.Lines()...)
	}
	return lines, nil
}

func (h *host) Events() *trace.Log { return h.events }

func (h *host) Sync(context.Context) error { return h.Err() }

func (h *host) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return kernel.ErrClosed
	}
	return nil
}

func (h *host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errors.New("host: closed twice")
	}
	h.closed = true
	h.events.Close()
	return nil
}
