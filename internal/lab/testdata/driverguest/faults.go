package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
)

// version is the kernel's, "6.12".
func version() string {
	var u unix.Utsname
	unix.Uname(&u)
	f := strings.SplitN(unix.ByteSliceToString(u.Release[:]), ".", 3)
	return f[0] + "." + f[1]
}

// hookAll attaches everything there is, as a session that steps does. A function
// that a kernel of somebody's own lacks is told; a distribution's has them all, or
// the checks miss what it would have shown.
func (g *guest) hookAll() error {
	for _, list := range [][]inject.Hook{inject.TableHooks(version()), inject.RequestHooks(), inject.WaitHooks(), inject.NotifierHooks()} {
		for _, h := range list {
			if err := g.Send(h); errors.Is(err, syscall.ENOENT) {
				fmt.Println("value missing", h.ID, h.Func)
			} else if err != nil {
				return err
			}
		}
	}
	for _, r := range inject.Returns() {
		if err := g.Send(r); err != nil {
			return err
		}
	}
	return nil
}

// hookPoint attaches to one row of the table.
func (g *guest) hookPoint(id string) error {
	p, _ := trace.LookupPoint(id)
	hooks := inject.PointHooks(p, version())
	if len(hooks) == 0 {
		return fmt.Errorf("%s has no hook on %s", id, version())
	}
	for _, h := range hooks {
		if err := g.Send(h); err != nil {
			return err
		}
	}
	return nil
}

// once is what a list of points is with repetitions in a row told once.
func once(points []string) string { return strings.Join(slices.Compact(points), " ") }

// checkPoints attaches to every point of the table and sees a load and an
// unload come by them all, in order.
func checkPoints(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	l, err := start("load", victim)
	if err != nil {
		return err
	}
	if e := l.wait(); e != 0 {
		return fmt.Errorf("load: %d", e)
	}
	u, err := start("unload", victim)
	if err != nil {
		return err
	}
	if e := u.wait(); e != 0 {
		return fmt.Errorf("unload: %d", e)
	}
	if err := g.sync(); err != nil {
		return err
	}
	var load, unload []string
	rets := map[string]int64{}
	for _, e := range g.seen {
		if e.Kind == inject.Ret && (e.TGID == l.pid || e.TGID == u.pid) {
			if e.Module != victim || e.Took <= 0 {
				return fmt.Errorf("a return of another kind: %+v", e)
			}
			rets[e.Point] = e.Ret
		}
		if e.Kind != inject.Hit {
			continue
		}
		if e.Module != "" && e.Module != victim {
			return fmt.Errorf("a hit of another module: %+v", e)
		}
		switch e.TGID {
		case l.pid:
			load = append(load, e.Point)
		case u.pid:
			unload = append(unload, e.Point)
		}
	}
	return want(
		once(load) == "L0 L1 L2 L8 L9 L12 notifier:COMING L13 L14 W3 W4 W5 L17 notifier:LIVE L18", "the load came by: "+once(load),
		once(unload) == "U0 notifier:GOING U3 U4 U5 U6 U8", "the unload came by: "+once(unload),
		fmt.Sprint(rets) == "map[ret:L0:0 ret:L17:0 ret:U0:0]", fmt.Sprint("returned: ", rets),
	)
}

func checkDelay(g *guest) error {
	const delay = 80 * time.Millisecond
	if err := g.Send(hookW4, inject.Return{ID: "r", Func: "__x64_sys_finit_module", Layout: inject.LayoutSyscall},
		inject.Rule{N: 1, Point: "W4", Do: inject.DoDelay, Delay: delay}); err != nil {
		return err
	}
	defer unix.DeleteModule(victim, unix.O_NONBLOCK)
	l, err := start("load", victim)
	if err != nil {
		return err
	}
	r, err := g.until("its return", func(e inject.Event) bool { return e.Kind == inject.Ret })
	if err != nil {
		return err
	}
	return want(r.Took >= delay, fmt.Sprint("it took ", r.Took), l.wait() == 0, "the load worked", row(victim) == "Live", row(victim))
}

// checkFail makes a load fail at every phase it can, and an unload; afterwards
// nothing is left, and the same load works.
func checkFail(g *guest) error {
	var errs []error
	try := func(point string, e syscall.Errno, name string, args ...string) {
		if err := g.hookPoint(point); err != nil {
			errs = append(errs, err)
			return
		}
		defer g.Send(inject.Unhook{ID: point}, inject.Unrule{N: 1})
		if err := g.Send(inject.Rule{N: 1, Point: point, Name: name, Do: inject.DoFail, Errno: int(e), Hit: 1}); err != nil {
			errs = append(errs, err)
			return
		}
		c, err := start(args...)
		if err != nil {
			errs = append(errs, err)
			return
		}
		if got := c.wait(); got != int(e) {
			errs = append(errs, fmt.Errorf("%s at %s ends with %d, not %d", args[0], point, got, e))
		}
		if args[0] == "load" {
			if _, there, err := g.state(victim); there || err != nil || exists("/sys/module/"+victim) {
				errs = append(errs, fmt.Errorf("after a failure at %s something is left (%v)", point, err))
			}
		}
	}
	for _, f := range []struct {
		point string
		errno syscall.Errno
		name  string
	}{
		{"L0", syscall.EPERM, ""}, {"L1", syscall.EFBIG, ""}, {"L2", syscall.EKEYREJECTED, ""}, {"L8", syscall.ENOEXEC, ""},
		{"L9", syscall.EFAULT, ""}, {"L12", syscall.ENOMEM, ""}, {"L13", syscall.EINVAL, ""}, {"L14", syscall.ENOMEM, ""},
		{"W3", syscall.ENOMEM, ""}, {"W4", syscall.EEXIST, ""}, {"W5", syscall.ENOMEM, "initstate"}, {"L17", syscall.ENOMEM, ""},
	} {
		try(f.point, f.errno, f.name, "load", victim)
	}
	// By the notifier.
	if err := g.Send(inject.NotifierHooks()[0], inject.Rule{N: 1, Point: inject.NotifyComing, Do: inject.DoFail, Errno: int(syscall.EINVAL)}); err != nil {
		return err
	}
	if c, err := start("load", victim); err != nil || c.wait() != int(syscall.EINVAL) {
		errs = append(errs, errors.New("a notifier's failure does not fail the load"))
	}
	g.Send(inject.Unrule{N: 1})
	c, err := start("load", victim)
	if err != nil {
		return err
	}
	if e := c.wait(); e != 0 || row(victim) != "Live" {
		errs = append(errs, fmt.Errorf("the load after all: %d", e))
	}
	try("U0", syscall.EPERM, "", "unload", victim)
	if c, err = start("unload", victim); err != nil || c.wait() != 0 {
		errs = append(errs, errors.New("the unload after all"))
	}
	return errors.Join(errs...)
}

// checkStates holds where /proc/modules shows nothing, and in the mirror window.
func checkStates(g *guest) error {
	var errs []error
	look := func(point string, state trace.State, sysfs string, procRow string, args ...string) {
		if err := g.hookPoint(point); err != nil {
			errs = append(errs, err)
			return
		}
		if err := g.Send(inject.Rule{N: 1, Point: point, Module: victim, Do: inject.DoHold, Hit: 1}); err != nil {
			errs = append(errs, err)
			return
		}
		c, err := start(args...)
		if err != nil {
			errs = append(errs, err)
			return
		}
		at, err := g.stop(point)
		if err != nil {
			errs = append(errs, err)
			return
		}
		m, ok, err := g.state(victim)
		if err != nil || !ok || m.State != state || strings.Join(m.Sysfs, "+") != sysfs || row(victim) != procRow {
			errs = append(errs, fmt.Errorf("at %s: %v %s refs=%d sysfs=%v row=%q (%v)", point, ok, m.State, m.Refs, m.Sysfs, row(victim), err))
		}
		if err := g.Send(inject.Unhook{ID: point}, inject.Unrule{N: 1}, inject.Go{PID: at.PID}); err != nil {
			errs = append(errs, err)
		}
		if e := c.wait(); e != 0 {
			errs = append(errs, fmt.Errorf("held at %s, it ended with %d", point, e))
		}
	}
	all := "dir+holders+uevent+initstate+coresize+taint+refcnt+sections+notes"
	look("L8", trace.Unformed, "", "", "load", victim)
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	look("L14", trace.Coming, "", "Loading", "load", victim)
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	look("W3", trace.Coming, "dir", "Loading", "load", victim)
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	look("L17", trace.Coming, all, "Loading", "load", victim)
	look("U4", trace.Going, all, "Unloading", "unload", victim)
	if c, err := start("load", victim); err != nil || c.wait() != 0 {
		errs = append(errs, errors.New("load"))
	}
	look("U6", trace.Going, "dir+holders+sections+notes", "Unloading", "unload", victim)
	if c, err := start("load", victim); err != nil || c.wait() != 0 {
		errs = append(errs, errors.New("load"))
	}
	look("U8", trace.Unformed, "", "", "unload", victim)
	return errors.Join(errs...)
}

// checkNotifier holds a load inside the chain of notifiers while another
// module comes and goes.
func checkNotifier(g *guest) error {
	for _, h := range inject.NotifierHooks() {
		if err := g.Send(h, inject.Rule{N: 1, Point: inject.NotifyComing, Module: victim, Do: inject.DoHold}); err != nil {
			return err
		}
	}
	c, err := start("load", victim)
	if err != nil {
		return err
	}
	if _, err := g.stop(inject.NotifyComing); err != nil {
		return err
	}
	held := row(victim)
	other, err := start("load", "nbd")
	if err != nil {
		return err
	}
	second := other.wait()
	gone := unix.DeleteModule("nbd", unix.O_NONBLOCK)
	if err := g.Send(inject.Go{}); err != nil {
		return err
	}
	first := c.wait()
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	if err := g.sync(); err != nil {
		return err
	}
	var told []string
	for _, e := range g.seen {
		if e.Kind == inject.Hit && e.Module == victim {
			told = append(told, strings.TrimPrefix(e.Point, "notifier:"))
		}
	}
	return want(
		held == "Loading", "held it says "+held, second == 0, fmt.Sprint("the other load: ", second), gone == nil, fmt.Sprint("the other unload: ", gone),
		first == 0, fmt.Sprint("the held load: ", first), strings.Join(told, " ") == "COMING LIVE GOING", fmt.Sprint("notified of ", told),
	)
}

// checkKill ends holds by a signal and by a deadline.
func checkKill(g *guest) error {
	if err := g.Send(hookW4, inject.Rule{N: 1, Point: "W4", Do: inject.DoHold}); err != nil {
		return err
	}
	left := func(e inject.Event) bool { return e.Kind == inject.Left }
	c, err := start("load", victim)
	if err != nil {
		return err
	}
	if _, err := g.stop("W4"); err != nil {
		return err
	}
	unix.Kill(c.pid, unix.SIGKILL)
	killed, err := g.until("its death", left)
	if err != nil {
		return err
	}
	c.wait()
	// The system call ran to its end before the process died.
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	if err := g.Send(inject.Rule{N: 1, Point: "W4", Do: inject.DoHold, Deadline: 20 * time.Millisecond}); err != nil {
		return err
	}
	if c, err = start("load", victim); err != nil {
		return err
	}
	late, err := g.until("the deadline", left)
	if err != nil {
		return err
	}
	e := c.wait()
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	return want(killed.Why == "killed", "it left by "+killed.Why, late.Why == "deadline", "it left by "+late.Why, e == 0, fmt.Sprint("load: ", e))
}

// checkFilters has rules that match some and not others, by every filter.
func checkFilters(g *guest) error {
	if err := g.hookPoint("W5"); err != nil {
		return err
	}
	rules := []inject.Rule{
		{N: 1, Point: "W5", Module: "other", Do: inject.DoHold},
		{N: 2, Point: "W5", PID: 1, Do: inject.DoHold},
		{N: 3, Point: "W5", Comm: "other", Do: inject.DoHold},
		{N: 4, Point: "W5", Traced: true, Do: inject.DoHold},
		{N: 5, Point: "W5", Request: 77, Do: inject.DoHold},
		{N: 6, Point: "W4", Do: inject.DoHold},
		{N: 7, Point: "W5", Name: "initstate", Comm: "init", Do: inject.DoRecord},
		{N: 8, Point: "W5", Hit: 3, Do: inject.DoDelay, Delay: time.Millisecond},
	}
	for _, r := range rules {
		if err := g.Send(r); err != nil {
			return err
		}
	}
	c, err := start("load", victim)
	if err != nil {
		return err
	}
	if e := c.wait(); e != 0 {
		return fmt.Errorf("load: %d", e)
	}
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	if err := g.sync(); err != nil {
		return err
	}
	var got []string
	for _, e := range g.seen {
		if e.Kind == inject.Hit {
			got = append(got, fmt.Sprintf("%s:%d%s", e.Name, e.Rule, e.Do))
		}
	}
	// srcversion is there with CONFIG_MODULE_SRCVERSION_ALL.
	return want(strings.Contains(strings.Join(got, " "), "initstate:7record"), "initstate is matched by rule 7",
		strings.Count(strings.Join(got, " "), "8delay") == 1, fmt.Sprint("the third of the others is delayed: ", got))
}
