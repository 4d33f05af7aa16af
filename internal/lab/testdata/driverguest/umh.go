package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
)

// umh asks the driver for the state of the usermode helper.
func (g *guest) umh() (state string, err error) {
	if err := g.Send(inject.State{}); err != nil {
		return "", err
	}
	_, err = g.until("the state", func(e inject.Event) bool {
		if e.Kind == inject.Helpers {
			state = e.Name
		}
		return e.Kind == inject.End
	})
	return state, err
}

// get is what one thread of a mode gets.
func (g *guest) get(mode inject.Mode, name string) (int64, error) {
	got, err := g.request(inject.Request{ID: "r", Name: name, Mode: mode})
	if err != nil {
		return 0, err
	}
	return got[0], nil
}

// checkUMH disables the usermode helper in both ways, and has a session that
// ends enable it again.
func checkUMH(g *guest) error {
	for i, c := range []struct {
		set  inject.Command // nil: nothing
		mode inject.Mode
		name string
		want int64
		umh  string
	}{
		{nil, inject.Firmware, "", 0, "enabled"},
		{inject.UMH{State: "disabled"}, inject.Wait, "nbd", -int64(syscall.EBUSY), "disabled"},
		{nil, inject.NoWait, "nbd", -int64(syscall.EBUSY), "disabled"},
		{nil, inject.FS, "nothing", -int64(syscall.ENOENT), "disabled"},
		{nil, inject.Firmware, "", -int64(syscall.EAGAIN), "disabled"},
		{inject.UMH{State: "freezing"}, inject.Wait, "nbd", -int64(syscall.EBUSY), "freezing"},
		{nil, inject.Resume, "", 0, "enabled"},
		{nil, inject.Wait, "nbd", 0, "enabled"},
		{nil, inject.Symbol, "printk_or_nothing", -int64(syscall.ENOENT), "enabled"},
		{nil, inject.Symbol, "usermodehelper_read_trylock", 0, "enabled"},
		{nil, inject.Suspend, "", 0, "disabled"},
		{nil, inject.Wait, "nbd", -int64(syscall.EBUSY), "disabled"},
		{nil, inject.Resume, "", 0, "enabled"},
		{nil, inject.Wait, "", 256, "enabled"}, // the empty name
		{nil, inject.FS, "", -int64(syscall.ENOENT), "enabled"},
		{nil, inject.Suspend, "", 0, "disabled"},
	} {
		if c.set != nil {
			if err := g.Send(c.set); err != nil {
				return err
			}
		}
		got, err := g.get(c.mode, c.name)
		if err != nil {
			return err
		}
		state, err := g.umh()
		if err != nil {
			return err
		}
		if got != c.want || state != c.umh {
			return fmt.Errorf("line %d: %s %q got %d, not %d, and the helper is %s, not %s", i, c.mode, c.name, got, c.want, state, c.umh)
		}
	}
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	if err := g.end(); err != nil {
		return err
	}
	next, err := newGuest()
	if err != nil {
		return err
	}
	*g = *next
	got, err := g.get(inject.Wait, "nbd")
	if err != nil {
		return err
	}
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	return want(got == 0, fmt.Sprint("after the session a request got ", got))
}

// checkSuspend has the kernel itself freeze user space for a time, by pm_test,
// while a request thread, late by a delay, asks.
func checkSuspend(g *guest) error {
	states, err := os.ReadFile("/sys/power/state")
	if err != nil {
		return err
	}
	to := strings.Fields(string(states))
	if len(to) == 0 || !exists("/sys/power/pm_test") {
		return fmt.Errorf("this kernel has no pm_test: states %q", states)
	}
	if err := g.hookPoint("R1"); err != nil {
		return err
	}
	// The suspending process sleeps where user space is frozen. pm_test's own
	// delay would not do: it is a loop counted at boot (mdelay, init/calibrate.c),
	// and short when the machine was slower then than it is now.
	if err := g.Send(inject.Hook{ID: "fn:frozen", Func: "freeze_kernel_threads", Layout: inject.LayoutNone}); err != nil {
		return err
	}
	for _, w := range [][2]string{{"/sys/module/suspend/parameters/pm_test_delay", "0"}, {"/sys/power/pm_test", "freezer"}} {
		if err := os.WriteFile(w[0], []byte(w[1]), 0); err != nil {
			return err
		}
	}
	var got []int64
	// How long freezing takes is the machine's affair: a request that came
	// before it succeeds, and the next one is asked twice as late.
	for try := range 5 {
		late := time.Second << try
		if err := g.Send(inject.Rule{N: 1, Point: "R1", Do: inject.DoDelay, Delay: late},
			inject.Rule{N: 2, Point: "fn:frozen", Do: inject.DoDelay, Delay: late + 2*time.Second},
			inject.Request{ID: "late", Name: "nbd", Mode: inject.Wait}, inject.Start{ID: "late"}); err != nil {
			return err
		}
		// By a child: who has the driver open is never delayed.
		c, err := start("suspend", to[0])
		if err != nil {
			return err
		}
		if e := c.wait(); e != 0 {
			return fmt.Errorf("%s: %w", to[0], syscall.Errno(e))
		}
		one, err := g.answers(inject.Request{ID: "late"})
		if err != nil {
			return err
		}
		if got = append(got, one[0]); one[0] != 0 {
			break
		}
		unix.DeleteModule("nbd", unix.O_NONBLOCK)
	}
	if err := g.Send(inject.Unrule{N: 1}, inject.Unrule{N: 2}); err != nil {
		return err
	}
	state, err := g.umh()
	if err != nil {
		return err
	}
	after, err := g.get(inject.Wait, "nbd")
	unix.DeleteModule("nbd", unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	return want(slices.Contains(got, -int64(syscall.EBUSY)), fmt.Sprint("while frozen, requests got ", got),
		state == "enabled" && after == 0, fmt.Sprint("after the thaw: ", state, after))
}
