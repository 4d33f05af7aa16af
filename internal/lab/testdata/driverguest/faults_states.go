package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
	"golang.org/x/sys/unix"
)

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
