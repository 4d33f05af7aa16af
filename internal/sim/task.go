package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// Task is what a spawned thread is to do; its verb is a row of Tasks.
type Task = kernel.Task

// Outcome is what became of a spawned thread's task.
type Outcome = kernel.Outcome

// taskVerb is one row of the table of tasks.
type taskVerb struct {
	name, says string
	run        func(s *System, t *Thread, k Task, o *Outcome) int64
}

// taskTable is the table of what a thread can be spawned to do.
var taskTable = taskVerbs()

func taskVerbs() []taskVerb {
	return []taskVerb{
		{"load", "a modprobe process that loads a module by name or alias", (*System).taskLoad},
		{"unload", "a modprobe process that unloads a module", (*System).taskUnload},
		{"request", "a kernel thread that calls request_module()", (*System).taskRequest},
		{"getfs", "a kernel thread that calls get_fs_type()", (*System).taskGetFS},
		{"insmod", "a process that calls finit_module on a module's file", (*System).taskInsmod},
		{"init", "a process that calls init_module with a module's image", (*System).taskInsmod},
		{"rmmod", "a process that calls delete_module", (*System).taskRmmod},
		{"mount", "a process that mounts a file system, which then holds a reference on its module", (*System).taskMount},
		{"umount", "a process that unmounts what mount mounted", (*System).taskUmount},
		{"symbol", "a kernel thread that calls symbol_request() for a symbol", (*System).taskSymbol},
		{"seqclient", "a process that uses a client of the sound sequencer by its number", (*System).taskSeqClient},
		{"firmware", "a kernel thread that takes the usermode helper's lock to load firmware", (*System).taskFirmware},
		{"udev", "a process that waits for a module's uevent and takes the module for ready", (*System).taskUdev},
		{"initstate", "a process that opens and reads a module's initstate", (*System).taskInitstate},
		{"suspend", "a process that freezes user space, as on the way into suspend", (*System).taskSuspend},
		{"resume", "a process that thaws user space", (*System).taskResume},
	}
}

// Tasks returns the verbs a thread can be spawned with, and what each is.
func Tasks() (names, says []string) {
	for _, v := range taskTable {
		names, says = append(names, v.name), append(says, v.says)
	}
	return names, says
}

// check refuses a task that cannot be begun.
func (s *System) check(k Task) (taskVerb, error) {
	for _, v := range taskTable {
		if v.name != k.Verb {
			continue
		}
		if k.Name == "" && !slices.Contains([]string{"request", "getfs", "suspend", "resume", "firmware"}, k.Verb) {
			return v, fmt.Errorf("%s: what? a name is missing", k.Verb)
		}
		if (k.Verb == "insmod" || k.Verb == "init") && s.File(kernel.Normalize(k.Name)) == nil {
			return v, fmt.Errorf("%s: %w: no module file %s in %s", k.Verb, kernel.ErrNotFound, k.Name, s.release)
		}
		return v, nil
	}
	names, _ := Tasks()
	return taskVerb{}, fmt.Errorf("a thread cannot be spawned to %q: it can %s", k.Verb, strings.Join(names, ", "))
}

func (s *System) taskLoad(t *Thread, k Task, o *Outcome) int64 {
	if k.Policy == "" {
		k.Policy = t.w.Policy
	}
	x := s.watch(t, k.Name)
	res, err := s.Loader(t, true).Load(context.Background(), kernel.LoadRequest{Name: k.Name, Params: k.Params, Policy: k.Policy, First: k.First})
	o.Gone = x.gone(t)
	o.Load, o.Err, o.Verdict, o.State = &res, err, res.Verdict, res.State
	return kernel.ReturnOf(err)
}

func (s *System) taskUnload(t *Thread, k Task, o *Outcome) int64 {
	res, err := s.Loader(t, false).Unload(context.Background(), kernel.UnloadRequest{Name: k.Name, Force: k.Force, Deps: k.Deps, Holders: k.Holders})
	o.Unload, o.Err, o.State = &res, err, res.State
	return kernel.ReturnOf(err)
}

func (s *System) taskRequest(t *Thread, k Task, o *Outcome) int64 {
	return s.request(t, k.Name, !k.NoWait, o)
}

// request is request_module by a task that goes by the answer.
func (s *System) request(t *Thread, name string, wait bool, o *Outcome) int64 {
	x := s.watch(t, name)
	ret := t.RequestModule(name, wait)
	s.judge(t, name, ret, o)
	o.Gone = x.gone(t)
	return ret
}

// judge gives a finished request its verdict, by what is true at the moment
// it returns.
func (s *System) judge(t *Thread, name string, ret int64, o *Outcome) {
	var reported error
	if ret != 0 {
		reported = fmt.Errorf("request_module returned %d", ret)
	}
	o.Verdict, o.State, _ = kmod.Verify(s.resolverIn(t.w), glance{view{t, s.release, s.tree, true}}, name, reported)
}

func (s *System) taskInsmod(t *Thread, k Task, o *Outcome) int64 {
	f := *s.File(kernel.Normalize(k.Name))
	if k.Copy {
		f.Inode = 1<<32 + uint64(t.index)
	}
	via := ViaFinit
	if k.Verb == "init" {
		via = ViaInit
	}
	flags := kernel.InitFlags(0)
	if f.Compressed && t.w.Profile.KernelDecompress {
		flags = kernel.CompressedFile
	}
	ret := t.Load(&f, strings.Join(k.Params, " "), via, flags)
	t.userspace()
	o.State = t.w.StateOf(f.Spec.Name)
	return ret
}

func (s *System) taskRmmod(t *Thread, k Task, o *Outcome) int64 {
	ret := t.Delete(kernel.Normalize(k.Name), k.Force)
	t.userspace()
	o.State = t.w.StateOf(kernel.Normalize(k.Name))
	return ret
}

// StateOf returns a module's true state: also unformed, absent and builtin.
func (w *World) StateOf(name string) trace.State {
	if m := w.find(name); m != nil {
		return m.State
	}
	if w.builtins[name] {
		return trace.Builtin
	}
	return trace.Absent
}
