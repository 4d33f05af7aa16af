package agent

import (
	"context"
	"encoding/json"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// lateWait is how long the answer to a request waits for helpers that the
// kernel itself does not wait for.
const lateWait = 30 * time.Second

// triggered is what the child that pulled a trigger has to say.
type triggered struct {
	Errno string `json:"errno"`
	Text  string `json:"text"` // of an error that is no errno
}

// request makes the kernel ask for a module and tells what came of it.
func (g *guest) request(ctx context.Context, args json.RawMessage) (any, error) {
	var r wire.Request
	if err := wire.Unmarshal(args, &r); err != nil {
		return nil, err
	}
	t, arg, err := findTrigger(r.Name)
	if err != nil {
		return nil, err
	}
	defer g.stream.work()()
	w, stop, err := g.stream.watch(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	began := monotonic()
	result := kernel.RequestResult{Name: r.Name, Trigger: t.words(arg), Asked: []string{}, Helpers: []kernel.Helper{}, Modules: []string{}}
	var did triggered
	pid, err := g.children.run(ctx, job{Op: wire.OpRequest, Args: args}, &did)
	result.Took = monotonic() - began
	result.Errno = did.Errno
	if err != nil {
		g.settle(w, pid, &result)
		return result, err
	}
	a, err := g.quiet(ctx, w, pid)
	result.Asked, result.Helpers = append(result.Asked, a.names...), append(result.Helpers, a.helpers...)
	if err != nil {
		return result, err
	}
	return result, g.judge(&result, a)
}

// settle fills in what is known of a request that came to a bad end.
func (g *guest) settle(w *watcher, pid int, result *kernel.RequestResult) {
	ctx, cancel := context.WithTimeout(context.Background(), killWait)
	defer cancel()
	g.stream.sync(ctx)
	a := sortOut(w.seen(), pid)
	result.Asked, result.Helpers = append(result.Asked, a.names...), append(result.Helpers, a.helpers...)
}

// quiet waits until everything that a trigger's process led to has come in:
// also the helpers that the kernel does not wait for.
func (g *guest) quiet(ctx context.Context, w *watcher, pid int) (asking, error) {
	patience := time.NewTimer(lateWait)
	defer patience.Stop()
	for {
		if _, err := g.stream.sync(ctx); err != nil {
			return sortOut(w.seen(), pid), err
		}
		a := sortOut(w.seen(), pid)
		if a.late == 0 {
			return a, nil
		}
		select {
		case <-w.changed:
		case <-patience.C:
			return a, nil
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
}

// pull is the child's part of a request.
func pull(name string) (triggered, error) {
	t, arg, err := findTrigger(name)
	if err != nil {
		return triggered{}, err
	}
	err = t.run(arg)
	did := triggered{Errno: errnoName(err)}
	if err != nil && did.Errno == "" {
		return did, err
	}
	return did, nil
}
