package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// playEnv makes the test binary run the screen on its terminal, over the
// target in memory, instead of tests: for the test with a pty, and to look at
// it: KMODSH_TUI_PLAY=slow go test ./internal/tui (slow, fast, dies, fails,
// panics, sim).
const playEnv = "KMODSH_TUI_PLAY"

func TestMain(m *testing.M) {
	if how := os.Getenv(playEnv); how != "" {
		os.Exit(play(how))
	}
	os.Exit(m.Run())
}

func play(how string) int {
	s := ops.New()
	opt := Options{Target: "vm:6.12"}
	if how == "sim" {
		opt = Options{Target: "sim", Race: true}
	}
	s.OpenTarget = func(ctx context.Context, name string, progress ops.Progress) (kernel.Target, error) {
		if how == "sim" {
			return sim.Open("")
		}
		t := booted()
		pause := time.Duration(0)
		if how == "slow" || how == "dies" || how == "fails" {
			pause = 300 * time.Millisecond
			t.pause = 700 * time.Millisecond
		}
		for i, stage := range []string{"module tree", "initramfs", "start QEMU", "kernel", "agent"} {
			for done := range int64(5) {
				progress(stage, done+1, 5)
				if !sleep(ctx, pause/2) {
					return nil, ctx.Err()
				}
			}
			if how == "fails" && i == 3 {
				return nil, &kernel.DeadError{Target: name, Blame: kernel.BlameKernel, What: "kernel panic before the agent answered", Console: []string{
					"VFS: Unable to mount root fs on unknown-block(0,0)", "Kernel panic - not syncing: VFS: Unable to mount root fs",
				}}
			}
		}
		if how == "dies" {
			time.AfterFunc(5*time.Second, t.die)
		}
		switch how {
		case "panics":
			return panicTarget{t}, nil
		case "draws":
			return nameTarget{t, new(atomic.Int32)}, nil
		}
		return t, nil
	}
	// Signals end the context, as in the program.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGHUP, syscall.SIGTERM)
	defer stop()
	err := Run(ctx, s, opt)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ended:", err)
	}
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close:", err)
	}
	fmt.Println("screen closed")
	if err != nil {
		return 1
	}
	return 0
}

// nameTarget panics in the middle of an update of the screen.
type nameTarget struct {
	*fakeTarget
	asked *atomic.Int32
}

func (t nameTarget) Events() *trace.Log {
	if t.asked.Add(1) > 8 {
		panic("made to panic while a key is handled")
	}
	return t.fakeTarget.Events()
}

// panicTarget panics when the module list is read.
type panicTarget struct{ *fakeTarget }

func (panicTarget) Modules(context.Context) ([]kernel.Module, error) { panic("made to panic") }
