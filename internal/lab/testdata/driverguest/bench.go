package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
)

// loads loads and unloads the victim n times and returns how long one takes:
// the median.
func loads(n int) (time.Duration, error) {
	var took []time.Duration
	for range n {
		began := time.Now()
		if err := load(victim, ""); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
		if err := unix.DeleteModule(victim, unix.O_NONBLOCK); err != nil {
			return 0, err
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// cost measures what the driver costs a load. Each round measures all kinds,
// so that what disturbs disturbs them alike.
func cost(g *guest) error {
	if err := g.hangUp(); err != nil {
		return err
	}
	kinds := []string{"without", "idle", "hooked"}
	took := map[string][]time.Duration{}
	for range 4 {
		for _, kind := range kinds {
			if kind == "without" {
				if err := unix.DeleteModule("kmodsh_driver", unix.O_NONBLOCK); err != nil {
					return err
				}
			}
			var s *guest
			if kind == "hooked" {
				var err error
				if s, err = newGuest(); err != nil {
					return err
				}
				if err := s.hookAll(); err != nil {
					return err
				}
			}
			d, err := loads(15)
			if err != nil {
				return err
			}
			took[kind] = append(took[kind], d)
			if kind == "without" {
				if err := load("kmodsh_driver", ""); err != nil {
					return err
				}
			}
			if s != nil {
				s.Close()
			}
		}
	}
	for _, kind := range kinds {
		fmt.Printf("value load %s %d ns\n", kind, slices.Min(took[kind]))
	}
	return nil
}

// trip measures how long a hold, a look and a release take.
func trip(g *guest) error {
	if err := g.hangUp(); err != nil {
		return err
	}
	trips, err := trips(40)
	if err != nil {
		return err
	}
	slices.Sort(trips)
	fmt.Printf("value trip median %d ns\n", trips[len(trips)/2])
	fmt.Printf("value trip worst %d ns\n", trips[len(trips)-1])
	return nil
}

// trips holds a load, looks, and releases it, n times: the time from the held
// thread's arrival until it has left.
func trips(n int) ([]time.Duration, error) {
	g, err := newGuest()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	if err := g.Send(hookW4, inject.Rule{N: 1, Point: "W4", Do: inject.DoHold}); err != nil {
		return nil, err
	}
	var took []time.Duration
	for range n {
		c, err := start("load", victim)
		if err != nil {
			return nil, err
		}
		at, err := g.stop("W4")
		if err != nil {
			return nil, err
		}
		if m, ok, err := g.state(victim); err != nil || !ok || m.Module != victim || exists("/sys/module/"+victim+"/initstate") {
			return nil, fmt.Errorf("the look: %+v, %v", m, err)
		}
		if err := g.Send(inject.Go{PID: at.PID}); err != nil {
			return nil, err
		}
		left, err := g.until("its leaving", func(e inject.Event) bool { return e.Kind == inject.Left })
		if err != nil {
			return nil, err
		}
		took = append(took, time.Duration(left.Time-at.Time))
		c.wait()
		unix.DeleteModule(victim, unix.O_NONBLOCK)
	}
	return took, nil
}
