package main

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
)

// victim is a module of the distribution's without dependencies, with
// parameters.
const victim = "dummy"

var checks = []check{
	{name: "hold", f: checkHold},
	{name: "points", f: checkPoints},
	{name: "delay", f: checkDelay},
	{name: "fail", f: checkFail},
	{name: "states", f: checkStates},
	{name: "notifier", f: checkNotifier},
	{name: "kill", f: checkKill},
	{name: "filters", f: checkFilters},
	{name: "tie", f: checkTie},
	{name: "failed-requests", f: checkFailedRequests},
	{name: "flood", f: checkFlood},
	{name: "flood500", f: checkFlood500},
	{name: "umh", f: checkUMH},
	{name: "suspend", f: checkSuspend},
	{name: "trace-request", f: checkTraceRequest},
	{name: "trace-process", f: checkTraceProcess},
	{name: "refused", f: checkRefused},
	{name: "anywhere", f: checkAnywhere},
	{name: "unload", f: checkUnload},
	{name: "garbage", f: checkGarbage},
	{name: "stream", f: checkStream},
	{name: "loss", f: checkLoss},
	{name: "cost", f: cost, bench: true},
	{name: "trip", f: trip, bench: true},
}

// hookW4 hooks the place inside the sysfs window.
var hookW4 = inject.Hook{ID: "W4", Func: "module_param_sysfs_setup", Layout: inject.LayoutModule}

// checkHold holds a load inside the sysfs window, looks, has a second load
// wait for it, and lets it go.
func checkHold(g *guest) error {
	if err := g.Send(hookW4, inject.Rule{N: 1, Point: "W4", Module: victim, Do: inject.DoHold}); err != nil {
		return err
	}
	a, err := start("load", victim)
	if err != nil {
		return err
	}
	at, err := g.stop("W4")
	if err != nil {
		return err
	}
	dir := "/sys/module/" + victim
	m, ok, err := g.state(victim)
	if err != nil {
		return err
	}
	if err := want(
		at.Module == victim && at.State == trace.Coming, "the stop names the module and its state",
		at.TGID == a.pid, "the stop names the process",
		exists(dir) && !exists(dir+"/initstate"), "a directory without initstate",
		row(victim) == "Loading", "the row says "+row(victim),
		ok && m.State == trace.Coming && m.Refs == 1, fmt.Sprintf("the driver's state: %+v", m),
		slices.Contains(m.Sysfs, "dir") && slices.Contains(m.Sysfs, "holders") && !slices.Contains(m.Sysfs, "initstate"), fmt.Sprint("the driver's sysfs: ", m.Sysfs),
	); err != nil {
		return err
	}
	b, err := start("load", victim)
	if err != nil {
		return err
	}
	if err := g.Send(inject.Go{PID: at.PID}); err != nil {
		return err
	}
	left, err := g.until("its leaving", func(e inject.Event) bool { return e.Kind == inject.Left })
	if err != nil {
		return err
	}
	first, second := a.wait(), b.wait()
	defer unix.DeleteModule(victim, unix.O_NONBLOCK)
	return want(
		left.Why == "go", "it left by go but by "+left.Why,
		first == 0, fmt.Sprint("the first load: ", first),
		second == 0 || second == int(unix.EEXIST), fmt.Sprint("the second load: ", second),
		row(victim) == "Live", "the row says "+row(victim),
		exists(dir+"/initstate"), "initstate is there",
	)
}
