package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
)

// openLoader opens the module tree in dir, to load from into this kernel with
// the configuration in the given paths.
func openLoader(dir string, config []string) (l *kmod.Loader, closeTree func() error, err error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, nil, err
	}
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return nil, nil, err
	}
	c, err := kmod.ReadConfig(config, string(cmdline))
	if err != nil {
		return nil, nil, err
	}
	t, err := kmod.OpenTree(dir)
	if err != nil {
		return nil, nil, err
	}
	t.OnDamage(func(error) {}) // told outside, where the same tree is read
	r := kmod.NewResolver(t, c)
	return &kmod.Loader{Resolver: r, Kernel: k, Now: monotonic, Why: refusal.OfThisSystem(r, k.Release()).After}, t.Close, nil
}

// openTreeLoader opens the guest's module tree.
func openTreeLoader() (*kmod.Loader, func() error, error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, nil, err
	}
	return openLoader(modulesDir+"/"+k.Release(), kmod.DefaultConfigPaths())
}

// load has a child load modules.
func (g *guest) load(ctx context.Context, args json.RawMessage) (any, error) {
	r, err := loaderJob[kernel.LoadRequest, kernel.LoadResult](ctx, g, wire.OpLoad, args)
	if res, ok := r.(kernel.LoadResult); ok && errors.Is(err, kernel.ErrOops) {
		return oopsed(res, args, err), err
	}
	return r, err
}

// oopsed is the result of a load in which the kernel oopsed: the child, of whom
// nothing was left, could not say what has become of the module.
func oopsed(res kernel.LoadResult, args json.RawMessage, oops error) kernel.LoadResult {
	var req kernel.LoadRequest
	if wire.Unmarshal(args, &req) != nil {
		return res
	}
	res.Name, res.Verdict = req.Name, kernel.Failed
	l, closeTree, err := openTreeLoader()
	if err != nil {
		return res
	}
	defer closeTree()
	if verdict, state, err := kmod.Verify(l.Resolver, l.Kernel, req.Name, oops); err == nil {
		res.Verdict, res.State = verdict, state
	}
	return res
}

// unload has a child unload modules.
func (g *guest) unload(ctx context.Context, args json.RawMessage) (any, error) {
	return loaderJob[kernel.UnloadRequest, kernel.UnloadResult](ctx, g, wire.OpUnload, args)
}

// loaderJob runs one job of the loader in a child. When it answers, all events
// of the job are on their way.
func loaderJob[Req, Res any](ctx context.Context, g *guest, op wire.Op, args json.RawMessage) (any, error) {
	var req Req
	if err := wire.Unmarshal(args, &req); err != nil {
		return nil, err
	}
	defer g.stream.work()()
	var res Res
	_, err := g.children.run(ctx, job{Op: op, Args: args}, &res)
	if ctx.Err() != nil { // its child is dead, what it did is not
		short, cancel := context.WithTimeout(context.Background(), killWait)
		defer cancel()
		ctx = short
	}
	_, syncErr := g.stream.sync(ctx)
	return res, errors.Join(err, syncErr)
}

// doJob carries out a job in the child.
func doJob(ctx context.Context, j job) (any, error) {
	switch j.Op {
	case wire.OpLoad:
		var req kernel.LoadRequest
		if err := wire.Unmarshal(j.Args, &req); err != nil {
			return nil, err
		}
		return withLoader(req.Name, "load", func(l *kmod.Loader) (any, error) {
			l.Thread = j.thread
			return l.Load(ctx, req)
		})
	case wire.OpUnload:
		var req kernel.UnloadRequest
		if err := wire.Unmarshal(j.Args, &req); err != nil {
			return nil, err
		}
		return withLoader(req.Name, "unload", func(l *kmod.Loader) (any, error) { return l.Unload(ctx, req) })
	case wire.OpRequest:
		var req wire.Request
		if err := wire.Unmarshal(j.Args, &req); err != nil {
			return nil, err
		}
		return pull(req.Name)
	case wire.OpSpawn:
		var task kernel.Task
		if err := wire.Unmarshal(j.Args, &task); err != nil {
			return nil, err
		}
		return doTask(task)
	case opClock:
		return keepClock()
	}
	return nil, fmt.Errorf("%w: no job %.32q", wire.ErrProtocol, j.Op)
}

// withLoader runs the loader on the guest's tree, as the modprobe of the guest
// does: with the same stages reported.
func withLoader(name, what string, run func(*kmod.Loader) (any, error)) (any, error) {
	report, hangUp := DialReport()
	defer hangUp()
	report(kmod.Started([]string{childName, what, name}))
	exit := trace.Event{}
	defer func() { report(exit) }()
	exit = kmod.Exited(1)
	l, closeTree, err := openTreeLoader()
	if err != nil {
		return nil, err
	}
	defer closeTree()
	l.Report = report
	res, err := run(l)
	if err == nil {
		exit = kmod.Exited(0)
	}
	return res, err
}

// judge has the verdict on a finished request: what the name stands for, and
// whether what was reported is true. Kernels differ in what they ask for (6.1
// asks for sch_fq where 6.12 asks for net-sch-fq); when the name was not asked
// for but another was, it is the last one asked for that is judged.
func (g *guest) judge(result *kernel.RequestResult, a asking) error {
	name := result.Name
	if n := len(a.names); n > 0 && !slices.Contains(a.names, name) {
		name = a.names[n-1]
	}
	l, closeTree, err := openTreeLoader()
	if err != nil {
		return err
	}
	defer closeTree()
	found, err := l.Resolver.Resolve(name)
	if err != nil && !errors.Is(err, kernel.ErrNotFound) {
		return err
	}
	for _, f := range found {
		result.Modules = append(result.Modules, f.Module)
	}
	ok, known := a.answered(name)
	var reported error
	switch {
	case known && !ok:
		reported = errors.New("the helper failed")
	case !known && len(a.names) == 0 && len(found) == 0 && result.Errno == "":
		// The kernel has what the trigger wanted and did not ask; which
		// module it is in, if any, the name does not tell.
		result.Verdict = kernel.OK
		return nil
	}
	result.Verdict, result.State, err = kmod.Verify(l.Resolver, l.Kernel, name, reported)
	if err == nil && !known && result.Verdict != kernel.OK && result.Verdict != kernel.IsBuiltin && result.Errno != "" {
		// Nothing reported success, so there is no false report.
		result.Verdict = kernel.Failed
	}
	return err
}
