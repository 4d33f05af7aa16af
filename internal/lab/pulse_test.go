package lab

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPulse lets a machine run for calls, stand between them and for saves, and
// run on when it cannot be stopped.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var did []string
		var refuse error
		note := func(what string) func(context.Context) error {
			return func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				did = append(did, what)
				return refuse
			}
		}
		p := &pulse{stop: note("stop"), cont: note("cont"), stands: true}
		defer p.close()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		done := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(did, want) {
				t.Fatalf("did %v, want %v", did, want)
			}
			did = nil
		}
		ctx := t.Context()
		must(p.begin(ctx))
		done("cont")
		must(p.begin(ctx))
		p.end()
		time.Sleep(2 * pulseGrace)
		done() // the other call goes on
		p.end()
		time.Sleep(pulseGrace / 2)
		must(p.begin(ctx))
		time.Sleep(2 * pulseGrace)
		p.end()
		done()
		time.Sleep(2 * pulseGrace)
		done("stop")

		must(p.stand(ctx)) // a save of a machine that stands
		must(p.begin(ctx))
		done()
		must(p.leave(ctx))
		done("cont")
		must(p.stand(ctx))
		must(p.stand(ctx))
		must(p.leave(ctx))
		done("stop")
		must(p.leave(ctx))
		done("cont")
		p.end()
		must(p.stand(ctx))
		must(p.leave(ctx))
		time.Sleep(2 * pulseGrace)
		done("stop")       // and nobody wants it
		must(p.stand(ctx)) // saved once more: it has to have run
		done("cont", "stop")
		must(p.leave(ctx))

		refuse = errors.New("no")
		if err := p.begin(ctx); err == nil {
			t.Fatal("a machine that cannot go on goes on")
		}
		done("cont")
		refuse = nil
		must(p.begin(ctx))
		refuse = errors.New("no")
		p.end()
		time.Sleep(2 * pulseGrace)
		done("cont", "stop")
		must(p.begin(ctx)) // it still runs
		if err := p.stand(ctx); err == nil {
			t.Fatal("saved while it runs")
		}
		done("stop")
	})
}
