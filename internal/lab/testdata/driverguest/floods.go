package main

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"example.org/kmodsh/internal/inject"
	"golang.org/x/sys/unix"
)

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
