package main

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
	"golang.org/x/sys/unix"
)

// walk lets whoever stops go on until done, and returns who stopped where.
func (g *guest) walk(done func(inject.Event) bool) ([]inject.Event, error) {
	var stops []inject.Event
	for {
		e, err := g.next()
		if err != nil {
			return stops, err
		}
		if done(e) {
			return stops, nil
		}
		if e.Kind != inject.Stopped {
			continue
		}
		stops = append(stops, e)
		if err := g.Send(inject.Go{PID: e.PID}); err != nil {
			g.sync()
			return stops, fmt.Errorf("%w; %s", err, g.tail())
		}
		if _, err := g.until("its leaving", func(l inject.Event) bool { return l.Kind == inject.Left && l.PID == e.PID }); err != nil {
			return stops, err
		}
	}
}

func points(stops []inject.Event, tgid int) string {
	var list []string
	for _, e := range stops {
		if e.TGID == tgid {
			list = append(list, e.Point)
		}
	}
	return once(list)
}

// checkTraceRequest steps a request, and what it makes the kernel start.
func checkTraceRequest(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	if err := g.Send(inject.Request{ID: "r", Name: "nbd", Mode: inject.Wait, Traced: true}, inject.Start{ID: "r"}); err != nil {
		return err
	}
	var got int64
	stops, err := g.walk(func(e inject.Event) bool { got = e.Ret; return e.Kind == inject.Done })
	if err != nil {
		return err
	}
	state := row("nbd")
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	asker, helper := stops[0].TGID, stops[len(stops)-1].TGID
	wanted := "R1 R4 R8"
	if trace.Newer(version(), "6.3") {
		wanted = "R1 R4 R5 R8"
	}
	const loads = "child exec L0 L1 L2 L8 L9 L12 notifier:COMING L13 L14 W3 W4 W5 L17 notifier:LIVE L18"
	return want(got == 0 && state == "Live", fmt.Sprint("the request got ", got, state),
		points(stops, asker) == wanted, "the requester stopped at "+points(stops, asker),
		points(stops, helper) == loads, "the helper stopped at "+points(stops, helper))
}

// checkTraceProcess steps a process that was there before, and no other.
func checkTraceProcess(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	c, err := start("loadwhen", victim)
	if err != nil {
		return err
	}
	if err := g.Send(inject.Trace{PID: c.pid}); err != nil {
		return err
	}
	c.in.Write([]byte{1})
	if _, err := g.stop("L0"); err != nil {
		return err
	}
	// Another one passes.
	other, err := start("load", "nbd")
	if err != nil {
		return err
	}
	second := other.wait()
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	if err := g.Send(inject.Stops{}); err != nil {
		return err
	}
	standing := 0
	end, err := g.until("the list of stops", func(e inject.Event) bool {
		if e.Kind == inject.Stands && e.TGID == c.pid {
			standing++
		}
		return e.Kind == inject.End
	})
	if err != nil {
		return err
	}
	if err := g.Send(inject.Go{PID: c.pid}); err != nil {
		return err
	}
	at, err := g.stop("L1")
	if err != nil {
		return err
	}
	if err := g.Send(inject.Untrace{PID: c.pid}); err != nil {
		return err
	}
	first := c.wait()
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	return want(second == 0, fmt.Sprint("the other load: ", second), standing == 1 && end.N == 1, fmt.Sprint(standing, " of ", end.N, " stand"),
		at.Traced && at.Module == victim, fmt.Sprintf("the stop: %+v", at), first == 0, fmt.Sprint("the load: ", first))
}

// checkRefused asks for what must be refused.
func checkRefused(g *guest) error {
	var errs []error
	for _, c := range []struct {
		command inject.Command
		errno   syscall.Errno
	}{
		{inject.Hook{ID: "fn:x", Func: "find_module_all", Layout: inject.LayoutNone}, syscall.EPERM},
		{inject.Hook{ID: "fn:x", Func: "find_symbol", Layout: inject.LayoutNone}, syscall.EPERM},
		{inject.Hook{ID: "fn:x", Func: "mutex_lock", Layout: inject.LayoutNone}, syscall.EPERM},
		{inject.Hook{ID: "fn:x", Func: "kmodsh_enter", Layout: inject.LayoutNone}, syscall.EPERM},
		{inject.Hook{ID: "fn:x", Func: "device_release", Layout: inject.LayoutNone}, 0},
		{inject.Hook{ID: "fn:x", Func: "no_such_function", Layout: inject.LayoutNone}, syscall.ENOENT},
		{inject.Return{ID: "fn:x", Func: "find_module_all", Layout: inject.LayoutNone}, syscall.EPERM},
		{inject.Unhook{ID: "nobody"}, syscall.ENOENT},
		{inject.Unrule{N: 9}, syscall.ENOENT},
		{inject.Start{ID: "nobody"}, syscall.ENOENT},
		{inject.Trace{PID: 1}, syscall.EPERM},
		{inject.Trace{PID: 4_000_000}, syscall.ESRCH},
		{inject.Go{PID: 4_000_000}, syscall.ESRCH},
	} {
		err := g.Send(c.command)
		if c.errno != 0 && !errors.Is(err, c.errno) || c.errno == 0 && err != nil {
			errs = append(errs, fmt.Errorf("%+v gives %v, not %v", c.command, err, c.errno))
		}
	}
	if _, err := inject.Open(); !errors.Is(err, syscall.EBUSY) {
		errs = append(errs, fmt.Errorf("a second opener gets %v", err))
	}
	return errors.Join(errs...)
}

// checkAnywhere hooks busy functions of the kernel, some of which run in
// interrupts and under spinlocks, with rules that hold and delay.
func checkAnywhere(g *guest) error {
	n := 0
	for _, f := range []string{"vfs_read", "vfs_write", "kfree", "__kmalloc", "handle_mm_fault", "update_process_times", "enqueue_task_fair",
		"do_sys_openat2", "kmem_cache_free", "put_pid", "vmalloc", "__put_task_struct", "ktime_get_ts64", "strscpy", "kobject_put", "filp_close"} {
		id := "fn:" + f
		err := g.Send(inject.Hook{ID: id, Func: f, Layout: inject.LayoutModule, Quiet: n%2 == 1})
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
			continue
		}
		if err != nil {
			return err
		}
		n++
		do := inject.Rule{N: n, Point: id, Do: inject.DoHold, Deadline: 1e6, Hit: 3}
		if n%2 == 0 {
			do = inject.Rule{N: n, Point: id, Do: inject.DoDelay, Delay: 1e6, Hit: 5}
		}
		if err := g.Send(do); err != nil {
			return err
		}
	}
	for range 3 {
		if c, err := start("load", victim); err != nil || c.wait() != 0 {
			return errors.New("a load among all that")
		}
		unix.DeleteModule(victim, unix.O_NONBLOCK)
	}
	out, err := exec.Command("/init", "nothing").CombinedOutput()
	_ = err // it says that it is no first process
	fmt.Printf("value busy hooks %d\n", n)
	return want(n >= 8, fmt.Sprint(n, " functions were hooked"), len(out) > 0, "a process ran")
}
