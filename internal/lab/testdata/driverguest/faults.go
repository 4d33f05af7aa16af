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
