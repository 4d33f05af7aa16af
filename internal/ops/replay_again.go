package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
	"example.org/kmodsh/internal/wording"
)

// again does the actions of a trace once more on a machine with the same kernel,
// and compares after each where everybody stands.
type again struct {
	s       *Session
	d       kernel.Debugger
	rep     kernel.Repeater
	rec     *recording.Recording
	actions []kernel.Action
	faults  map[int]int // numbers here by those of the trace
	// crowd is the action by which all went at once first, 0 none: the order is the
	// kernel's own since. seen is the number of the last event before it.
	crowd int
	seen  uint64
	r     *MachineReplay
	// died is that of which the kernel died in the trace, nil it did not; dead: here,
	// too. snap is what was last seen of it alive.
	died  *kernel.Action
	dead  bool
	snap  *kernel.Snapshot
	fresh bool // nothing was done since
}

// all does all actions. The error wraps errNotSame where something else came of
// them, or one of them cannot be done.
func (a *again) all(ctx context.Context) error {
	a.r.Target = a.d.Name()
	if sparing, ok := a.d.(kernel.Sparing); ok {
		sparing.Spare(true)
		defer func() {
			sparing.Spare(false)
			// The place to look around from is kept; where that fails it is told by the
			// next thing that is done.
			if pos, _ := a.d.Pos(); ctx.Err() == nil {
				_ = sparing.Pin(ctx, pos)
			}
		}()
	}
	kept := a.rec.Kept()
	var err error
	for i := range a.actions {
		a.s.Progress("replaying", int64(i), int64(len(a.actions)))
		if a.actions[i].Do == kernel.ActAll && a.crowd == 0 {
			a.crowd, a.seen = i+1, a.d.Events().Last()
		}
		if err = a.do(ctx, &a.actions[i]); err != nil {
			if isOver(ctx, a.d, err) {
				return err
			}
			a.r.Stopped = i + 1
			err = errNot("position %d, %s, cannot be done again: %v", i+1, &a.actions[i], err)
			break
		}
		a.r.Done = i + 1
		if _, ok := slices.BinarySearch(kept, i+1); !ok {
			continue
		}
		if err = a.compare(ctx, i+1); err != nil {
			break
		}
	}
	if err == nil || errors.Is(err, errNotSame) && a.d.Err() == nil {
		if lerr := a.look(ctx); lerr != nil {
			return errors.Join(err, lerr)
		}
	}
	if err == nil {
		err = a.dies(ctx)
	}
	if err != nil && !errors.Is(err, errNotSame) {
		return err
	}
	whole := err == nil
	if terr := a.told(whole); err == nil {
		err = terr
	}
	a.r.Same, a.r.GivenUp = err == nil, false
	return err
}

// do does one action.
func (a *again) do(ctx context.Context, k *kernel.Action) error {
	a.fresh = false
	switch k.Do {
	case kernel.ActStep, kernel.ActWait, kernel.ActAll, kernel.ActRequest:
		return a.rep.Again(ctx, *k)
	}
	return kernel.Do(ctx, a.d, k, a.faults)
}

// see takes in all there is to see, unless nothing was done since the last time.
func (a *again) see(ctx context.Context) error {
	if a.fresh {
		return nil
	}
	snap, err := a.d.Snapshot(ctx)
	if err != nil {
		return err
	}
	a.snap, a.fresh = snap, true
	return nil
}

// compare compares what there is to see with what the trace shows of a position.
func (a *again) compare(ctx context.Context, pos int) error {
	if err := a.see(ctx); err != nil {
		return err
	}
	a.r.Looked++
	was, snap := a.rec.At(pos), a.snap
	if a.crowd > 0 {
		a.r.Differ = append(differCounts(was, snap), differModules(was, snap)...)
	} else {
		a.r.Differ = append(differStands(was, snap), differModules(was, snap)...)
	}
	if len(a.r.Differ) > 0 {
		a.r.Stopped = pos
		return errNot("at position %d, after %s", pos, &a.actions[pos-1])
	}
	return nil
}

// look notes what became of the threads.
func (a *again) look(ctx context.Context) error {
	err := a.see(ctx)
	if err == nil {
		a.r.Verdicts = verdictsOf(a.snap)
	}
	return err
}

// told compares the events of each thread with those of the trace, up to where
// this has come.
func (a *again) told(whole bool) error {
	after := func(n int) int { // events of the trace after so many actions
		if n == 0 {
			return 0
		}
		return min(a.rec.ActionEvents[n-1], len(a.rec.Events))
	}
	end := len(a.rec.Events)
	is, missed := a.d.Events().After(0, 0)
	switch {
	case a.crowd > 0:
		end = after(a.crowd - 1)
		is = slices.DeleteFunc(is, func(e trace.Event) bool { return e.Seq > a.seen })
		a.r.Note = fmt.Sprintf("at position %d all threads went at once: from there on what came of them is compared, and not in which order they did it", a.crowd)
	case a.r.Done < len(a.actions) || a.rec.Missing != "" || a.rec.Died != nil:
		end = after(a.r.Done)
		if a.snap != nil {
			is = is[:min(len(is), len(a.snap.Events))]
		}
	}
	was := a.rec.Events[:end]
	if missed > 0 || slices.ContainsFunc(was, func(e trace.Event) bool { return e.Lost > 0 }) {
		a.r.Note = "events were lost, so that only where the threads stood is compared"
		return nil
	}
	if a.snap == nil {
		return nil // nothing has been seen of it
	}
	t := telling{was: streams(a.rec.End(), was, a.rec.ActionEvents), is: streams(a.snap, is, nil)}
	t.compare(was)
	a.r.Compared, a.r.Threads = t.compared, len(t.was)
	if t.first == "" {
		return nil
	}
	a.r.Thread, a.r.Event = t.first, t.at+1
	a.r.Before, a.r.Was, a.r.Is = t.sides()
	if !whole {
		return nil
	}
	return errNot("what %s did parts at its event %d", t.first, t.at+1)
}

// differStands lists the threads that do not stand where the trace has them.
func differStands(was, is *kernel.Snapshot) []Pair {
	list := []Pair{}
	here := map[string]string{}
	names := walk.Names(is)
	for i := range is.Threads {
		here[names[is.Threads[i].ID]] = standWords(&is.Threads[i])
	}
	names = walk.Names(was)
	for i := range was.Threads {
		name := names[was.Threads[i].ID]
		then := standWords(&was.Threads[i])
		if now, ok := here[name]; !ok || now != then {
			list = append(list, Pair{name, then, now})
		}
		delete(here, name)
	}
	for _, name := range slices.Sorted(maps.Keys(here)) {
		list = append(list, Pair{name, "", here[name]})
	}
	return list
}

// standWords says how a thread stands, without what is another one each time.
func standWords(t *kernel.ThreadState) string {
	switch {
	case t.Done && t.Killed:
		return "killed"
	case t.Done && t.Verdict != "":
		return fmt.Sprintf("returned %d: %s", t.Result, t.Verdict)
	case t.Done:
		return fmt.Sprintf("returned %d", t.Result)
	case t.At == "":
		return t.Status
	}
	return t.Status + " at " + t.At
}

// differModules lists the modules that are not in the state in which the trace
// has them.
func differModules(was, is *kernel.Snapshot) []Pair {
	list := []Pair{}
	for _, m := range was.Modules {
		if now := is.State(m.Name); now != m.State {
			list = append(list, Pair{"module " + m.Name, string(m.State), string(now)})
		}
	}
	for _, m := range is.Modules {
		if then := was.State(m.Name); then == trace.Absent && m.State != then {
			list = append(list, Pair{"module " + m.Name, string(then), string(m.State)})
		}
	}
	return list
}

// differCounts compares what came of the threads that were spawned, to how many
// of them.
func differCounts(was, is *kernel.Snapshot) []Pair {
	var order []string
	tell := func(s *kernel.Snapshot) map[string]int {
		counts := map[string]int{}
		for i := range s.Threads {
			t := &s.Threads[i]
			if t.Task == "" || was.Thread(t.ID) == nil {
				continue
			}
			how := t.Task + ", not ended"
			if t.Done {
				how = t.Task + ", " + standWords(t)
			}
			if counts[how]++; !slices.Contains(order, how) {
				order = append(order, how)
			}
		}
		return counts
	}
	list := []Pair{}
	then, now := tell(was), tell(is)
	for _, how := range order {
		if then[how] != now[how] {
			list = append(list, Pair{how, wording.Count(then[how], "thread"), wording.Count(now[how], "thread")})
		}
	}
	return list
}
