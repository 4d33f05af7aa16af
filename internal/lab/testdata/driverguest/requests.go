package main

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
)

// request runs a batch of request threads and returns what they got.
func (g *guest) request(r inject.Request) ([]int64, error) {
	if err := g.Send(r, inject.Start{ID: r.ID}); err != nil {
		return nil, err
	}
	return g.answers(r)
}

func (g *guest) answers(r inject.Request) ([]int64, error) {
	var got []int64
	_, err := g.until("the answers", func(e inject.Event) bool {
		if e.Kind == inject.Done && e.ID == r.ID {
			got = append(got, e.Ret)
		}
		return len(got) == max(r.Count, 1)
	})
	return got, err
}

// checkTie follows one request to its helper and the load in it.
func checkTie(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	got, err := g.request(inject.Request{ID: "r", Name: "nbd", Mode: inject.Wait})
	if err != nil {
		return err
	}
	state := row("nbd")
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	if err := g.sync(); err != nil {
		return err
	}
	var thread, asked, helper, load, end inject.Event
	var tied, untied []string
	for _, e := range g.seen {
		switch e.Kind {
		case inject.Thread:
			thread = e
		case inject.Req:
			asked = e
		case inject.Helper:
			helper = e
		case inject.Hit:
			if e.Point == "L0" {
				load = e
			}
			if helper.TGID != 0 && e.TGID == helper.TGID {
				if e.Request == asked.Request {
					tied = append(tied, e.Point)
				} else {
					untied = append(untied, e.Point)
				}
			}
		case inject.Ret:
			if e.Point == "ret:R9" {
				end = e
			}
		}
	}
	return want(
		got[0] == 0 && state == "Live", fmt.Sprint("the request: ", got, state),
		asked.Name == "nbd" && asked.PID == thread.PID && asked.Request > 0, fmt.Sprintf("the request's event: %+v", asked),
		helper.Request == asked.Request && helper.Name == "nbd" && helper.TGID != 0, fmt.Sprintf("the helper's event: %+v", helper),
		load.TGID == helper.TGID && load.Module == "nbd" && load.Request == asked.Request, fmt.Sprintf("the load in it: %+v", load),
		slices.Contains(tied, "L17") && slices.Contains(tied, inject.Exec) && len(untied) == 0, fmt.Sprint("tied ", tied, " not tied ", untied),
		end.PID == thread.PID && end.Request == asked.Request && end.Ret == 0, fmt.Sprintf("the end: %+v", end),
	)
}

// checkFailedRequests makes requests fail at each place where one can.
func checkFailedRequests(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	var errs []error
	for i, c := range []struct {
		point, name string
		errno       syscall.Errno
		mode        inject.Mode
		want        int64
	}{
		{"R4", "nbd", syscall.EACCES, inject.Wait, -int64(syscall.EACCES)},
		{"R8", "nbd", syscall.ENOENT, inject.Wait, -int64(syscall.ENOENT)},
		{"R8", "nbd", syscall.EBUSY, inject.NoWait, -int64(syscall.EBUSY)},
		{inject.Exec, "", syscall.EACCES, inject.Wait, -int64(syscall.EACCES)},
		{"L17", "", syscall.ENODEV, inject.Wait, 256},
		{"R4", "fs-nothing", syscall.EPERM, inject.FS, -int64(syscall.ENOENT)},
	} {
		if err := g.Send(inject.Rule{N: 1, Point: c.point, Name: c.name, Do: inject.DoFail, Errno: int(c.errno)}); err != nil {
			return err
		}
		name := "nbd"
		if c.mode == inject.FS {
			name = "nothing"
		}
		got, err := g.request(inject.Request{ID: fmt.Sprint("r", i), Name: name, Mode: c.mode})
		if err != nil {
			return err
		}
		if got[0] != c.want {
			errs = append(errs, fmt.Errorf("failed at %s with %v, the request (%s) got %d, not %d", c.point, c.errno, c.mode, got[0], c.want))
		}
	}
	if err := g.Send(inject.Unrule{N: 1}); err != nil {
		return err
	}
	got, err := g.request(inject.Request{ID: "long", Name: strings.Repeat("x", 56), Mode: inject.Wait})
	if err != nil {
		return err
	}
	if version() == "6.12" {
		got2, err := failPermit(g)
		if err != nil || got2 != -int64(syscall.ETIME) {
			errs = append(errs, fmt.Errorf("without a permit: %d, %v", got2, err))
		}
	}
	_, used, err := g.permits()
	errs = append(errs, err, want(got[0] == -int64(syscall.ENAMETOOLONG), fmt.Sprint("a name too long: ", got[0]),
		used == 0, fmt.Sprint("permits in use after it all: ", used), row("nbd") == "", "nothing was loaded"))
	return errors.Join(errs...)
}

func failPermit(g *guest) (int64, error) {
	if err := g.Send(inject.Rule{N: 1, Point: "R5", Do: inject.DoFail, Errno: int(syscall.ETIME)}); err != nil {
		return 0, err
	}
	defer g.Send(inject.Unrule{N: 1})
	got, err := g.request(inject.Request{ID: "permit", Name: "nbd", Mode: inject.Wait})
	if err != nil {
		return 0, err
	}
	return got[0], nil
}

// permits asks the driver for the permits and modprobe's path.
func (g *guest) permits() (path string, used int, err error) {
	if err := g.Send(inject.State{}); err != nil {
		return "", 0, err
	}
	_, err = g.until("the state", func(e inject.Event) bool {
		switch e.Kind {
		case inject.Permits:
			used = e.Used
		case inject.Modprobe:
			path = e.Name
		}
		return e.Kind == inject.End
	})
	return path, used, err
}

// checkFlood asks past the limit of permits.
func checkFlood(g *guest) error {
	for _, h := range append(inject.RequestHooks(), inject.Hook{ID: "R8", Func: "call_usermodehelper_exec", Layout: inject.LayoutHelper}) {
		if err := g.Send(h); err != nil {
			return err
		}
	}
	// Three stand where their permits are taken and no process is there yet.
	held := inject.Request{ID: "held", Name: "slow", Mode: inject.Wait, Count: 3}
	if err := g.Send(inject.Rule{N: 1, Point: "R8", Name: "slow", Do: inject.DoHold}, held, inject.Start{ID: held.ID}); err != nil {
		return err
	}
	for range 3 {
		if _, err := g.stop("R8"); err != nil {
			return err
		}
	}
	path, three, err := g.permits()
	if err != nil {
		return err
	}
	if err := g.Send(inject.Unrule{N: 1}, inject.Go{}); err != nil {
		return err
	}
	if _, err := g.answers(held); err != nil {
		return err
	}

	flood := inject.Request{ID: "flood", Name: "slow", Mode: inject.Wait, Count: 58}
	got, err := g.request(flood)
	if err != nil {
		return err
	}
	most, helpers := 0, 0
	for _, e := range g.seen {
		most = max(most, e.Used)
		if e.Kind == inject.Helper {
			helpers++
		}
	}
	good, late := 0, 0
	for _, r := range got {
		switch r {
		case 0:
			good++
		case -int64(syscall.ETIME): // a slow machine
			late++
		}
	}
	real, err := g.request(inject.Request{ID: "real", Name: "nbd", Mode: inject.Wait, Count: 20})
	if err != nil {
		return err
	}
	state := row("nbd")
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	real = slices.Compact(slices.Sorted(slices.Values(real)))
	return want(
		path == "/sbin/modprobe", "modprobe_path is "+path, three == 3, fmt.Sprint("permits of three held: ", three),
		good+late == 58 && good >= 50, fmt.Sprint("the flood got ", got),
		most <= 50 && most > 3, fmt.Sprint("at most ", most, " permits"), helpers == good+3, fmt.Sprint(helpers, " helpers"),
		len(real) == 1 && real[0] == 0 && state == "Live", fmt.Sprint("twenty for a real module got ", real, state),
	)
}

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

// checkFlood500 has 500 ask at once, for a module that is missing and for one
// that is there: every return value is accounted for, and no more permits are
// in use than there are.
func checkFlood500(g *guest) error {
	for _, h := range append(inject.RequestHooks(), inject.Hook{ID: "R8", Func: "call_usermodehelper_exec", Layout: inject.LayoutHelper}) {
		if err := g.Send(h); err != nil {
			return err
		}
	}
	var errs []error
	for _, c := range []struct {
		name string
		want int64 // of those whom a helper served
	}{{"nothing", 256}, {"nbd", 0}} {
		g.seen = nil
		got, err := g.request(inject.Request{ID: c.name, Name: c.name, Mode: inject.Wait, Count: 500})
		if err != nil {
			return err
		}
		served, late, most, helpers := 0, 0, 0, 0
		for _, r := range got {
			switch r {
			case c.want:
				served++
			case -int64(syscall.ETIME): // no permit in five seconds
				late++
			}
		}
		for _, e := range g.seen {
			most = max(most, e.Used)
			if e.Kind == inject.Helper {
				helpers++
			}
		}
		state := row(c.name)
		unix.DeleteModule(c.name, unix.O_NONBLOCK)
		_, used, err := g.permits()
		fmt.Println("value flood", c.name, "served", served, "late", late, "most-permits", most)
		errs = append(errs, err, want(
			len(got) == 500 && served+late == 500 && served >= 50, fmt.Sprint(c.name, ": ", served, " served, ", late, " late, of ", len(got), ": ", slices.Compact(slices.Sorted(slices.Values(got)))),
			helpers == served, fmt.Sprint(c.name, ": ", helpers, " helpers for ", served),
			most > 3 && most <= 50, fmt.Sprint(c.name, ": at most ", most, " permits"),
			used == 0, fmt.Sprint(c.name, ": permits in use afterwards: ", used),
			(state == "Live") == (c.want == 0), c.name+" is "+state))
	}
	return errors.Join(errs...)
}
