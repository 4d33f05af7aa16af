package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
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
