package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	_ "example.org/kmodsh/internal/kmod/unpack/link" // module files are opened here
	"example.org/kmodsh/internal/trace"
)

// taskRuns are the tasks that a child does, by verb.
func taskRuns() map[string]func(*taskRun) (int64, error) {
	return map[string]func(*taskRun) (int64, error){
		"load": (*taskRun).load, "unload": (*taskRun).unload, "insmod": (*taskRun).insmod, "init": (*taskRun).insmod,
		"rmmod": (*taskRun).rmmod, "mount": (*taskRun).mount, "umount": (*taskRun).umount, "udev": (*taskRun).udev,
		"initstate": (*taskRun).initstate, "testkmod": (*taskRun).testKmod,
		"seqclient": (*taskRun).seqClient,
	}
}

// lookupTask returns the row of a verb.
func lookupTask(verb string) (wire.Task, error) {
	var names []string
	for _, v := range wire.Tasks() {
		if v.Name == verb {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return wire.Task{}, &kernel.WordsError{Msg: fmt.Sprintf("a thread of a real kernel cannot be spawned to %q: it can %s", clipText(verb, 32), strings.Join(names, ", "))}
}

// taskRun is a task in its child.
type taskRun struct {
	task kernel.Task
	gate *Gate
	k    *kernel.Linux
	out  wire.Outcome

	// Of insmod and init.
	file  *os.File
	flags kernel.InitFlags
	image []byte // what init_module gets
}

// doTask carries out a task, once the gate lets it begin.
func doTask(task kernel.Task) (any, error) {
	v, err := lookupTask(task.Verb)
	if err != nil {
		return nil, err
	}
	run := taskRuns()[v.Name]
	if run == nil {
		return nil, fmt.Errorf("%w: a child cannot %s", wire.ErrProtocol, v.Name)
	}
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, err
	}
	for _, who := range []string{"self", "thread-self"} {
		os.WriteFile("/proc/"+who+"/comm", []byte(v.Comm), 0) // a name only
	}
	r := &taskRun{task: task, k: k}
	// What is no part of the task comes before it begins.
	ready := r.ready()
	r.gate = DialGate()
	r.out.Began = monotonic()
	if err = ready; err == nil {
		r.out.Ret, err = run(r)
	} else {
		r.out.Ret = -1
	}
	r.out.Ended = monotonic()
	if r.out.State == "" && r.file != nil {
		r.out.State = stateOf(r.k, r.task.Name)
	}
	r.out.Done = true
	r.out.Error = wire.FromError(err)
	return r.out, nil
}

// ready finds, copies and opens the file of insmod, and reads the image of init.
func (r *taskRun) ready() error {
	if r.task.Verb != "insmod" && r.task.Verb != "init" {
		return nil
	}
	path, err := moduleFile(r.task.Name)
	if err != nil {
		return err
	}
	if r.task.Copy {
		if path, err = copyOf(path); err != nil {
			return err
		}
	}
	if r.file, err = os.Open(path); err != nil {
		return err
	}
	kind := kmod.Compression(path)
	if kind != "" {
		r.flags = kernel.CompressedFile
	}
	if r.task.Verb == "init" || kind != "" && kind != r.k.Compression() {
		r.image, err = kmod.OpenImage(r.file, path)
	}
	return err
}

// loader is the loader core on the guest's tree, which stops at the gate.
func (r *taskRun) loader(what string, run func(l *kmod.Loader) error) error {
	report, hangUp := DialReport()
	defer hangUp()
	report = r.gate.Report(report)
	report(kmod.Started([]string{childName, what, r.task.Name}))
	l, closeTree, err := openTreeLoader()
	if err == nil {
		defer closeTree()
		l.Report, l.Kernel = report, r.gate.Kernel(l.Kernel)
		err = run(l)
	}
	status := 0
	if err != nil {
		status = 1
	}
	report(kmod.Exited(status))
	return err
}

func (r *taskRun) load() (int64, error) {
	var res kernel.LoadResult
	policy := r.task.Policy
	if policy == "" {
		policy = r.gate.Policy()
	}
	err := r.loader("load", func(l *kmod.Loader) (err error) {
		res, err = l.Load(context.Background(), kernel.LoadRequest{Name: r.task.Name, Params: r.task.Params, Policy: policy, First: r.task.First})
		return err
	})
	r.out.Load, r.out.Verdict, r.out.State = &res, res.Verdict, res.State
	return kernel.ReturnOf(err), err
}

func (r *taskRun) unload() (int64, error) {
	var res kernel.UnloadResult
	err := r.loader("unload", func(l *kmod.Loader) (err error) {
		res, err = l.Unload(context.Background(), kernel.UnloadRequest{
			Name: r.task.Name, Force: r.task.Force, Deps: r.task.Deps, Holders: r.task.Holders,
		})
		return err
	})
	r.out.Unload, r.out.State = &res, res.State
	return kernel.ReturnOf(err), err
}

// mount is fsopen(2), which looks the type up as mount(2) does, by
// get_fs_type() with all it may request, and keeps its module while the
// descriptor is open (fs/fsopen.c).
func (r *taskRun) mount() (int64, error) {
	fd, err := unix.Fsopen(r.task.Name, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return kernel.ReturnOf(err), nil
	}
	defer unix.Close(fd)
	return 0, r.gate.keep(r.task.Name, fd)
}

func (r *taskRun) umount() (int64, error) {
	if !r.gate.drop(r.task.Name) {
		return -int64(syscall.EINVAL), nil
	}
	return 0, nil
}

// testKmod loads upstream's test driver where the tree has it, and has it run
// once. What it starts are threads of its own, which nobody steps.
func (r *taskRun) testKmod() (int64, error) {
	k, err := readTestKmod(r.task)
	if err != nil {
		return -1, err
	}
	if !exists(testKmodDir) {
		err := r.loader("load", func(l *kmod.Loader) error {
			_, err := l.Load(context.Background(), kernel.LoadRequest{Name: "test_kmod", Policy: r.gate.Policy()})
			return err
		})
		if err != nil && !errors.Is(err, kernel.ErrNotFound) {
			return kernel.ReturnOf(err), err
		}
	}
	return k.run(testKmodDir)
}

// initstate opens and reads /sys/module/NAME/initstate, with a stop between:
// a file that is removed after it was opened answers ENODEV.
func (r *taskRun) initstate() (int64, error) {
	name := kernel.Normalize(r.task.Name)
	if err := kernel.CheckModuleName(name); err != nil {
		return -int64(syscall.EINVAL), err
	}
	f, err := os.Open("/sys/module/" + name + "/initstate")
	if err != nil {
		return kernel.ReturnOf(err), nil
	}
	defer f.Close()
	r.gate.pause(name)
	buf := make([]byte, 64)
	n, err := f.Read(buf)
	if err != nil {
		return kernel.ReturnOf(err), fmt.Errorf("read /sys/module/%s/initstate: %s", name, kernel.ErrnoName(kernel.ErrnoOf(err)))
	}
	r.out.State = trace.ParseInitstate(strings.TrimSpace(string(buf[:n])))
	return 0, nil
}

// udev is a user of modules as udev rules are: it waits for a module's ADD
// uevent and takes it for the sign that the module is ready.
func (r *taskRun) udev() (int64, error) {
	name := kernel.Normalize(r.task.Name)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err == nil {
		defer unix.Close(fd)
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1})
	}
	if err != nil {
		return kernel.ReturnOf(err), err
	}
	err = r.gate.sleep("the uevent of "+name, false, func() error {
		want := "add@/module/" + name + "\x00"
		buf := make([]byte, 8192)
		for {
			n, _, err := unix.Recvfrom(fd, buf, 0)
			switch {
			case err == unix.EINTR || err == unix.ENOBUFS:
				continue
			case err != nil:
				return err
			case strings.HasPrefix(string(buf[:n]), want):
				return nil
			}
		}
	})
	if err != nil {
		return kernel.ReturnOf(err), err
	}
	r.out.State = stateOf(r.k, name)
	if r.out.Verdict = kernel.Premature; r.out.State == trace.Live {
		r.out.Verdict = kernel.OK
	}
	return 0, nil
}
