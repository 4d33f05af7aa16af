package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// TestVMPanic has the kernel panic while a call waits, and before anybody can
// call.
func TestVMPanic(t *testing.T) {
	t.Run("running", func(t *testing.T) {
		vm := openVM(t, "6.1", Options{NoSnapshot: true, more: "sysrq_always_enabled=1"})
		<-vm.settled
		answer := make(chan error, 1)
		go func() {
			for {
				if _, err := vm.Modules(context.Background()); err != nil {
					answer <- err
					return
				}
			}
		}()
		// Break and c on the console: drivers/tty/sysrq.c, sysrq_handle_crash.
		if err := vm.vm.qmp.do(t.Context(), "chardev-send-break", map[string]any{"id": "console"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := vm.vm.guard.console.Write([]byte("c")); err != nil {
			t.Fatal(err)
		}
		panicked(t, <-answer, "sysrq triggered crash")
		panicked(t, vm.Err(), "sysrq triggered crash")
		t.Log(vm.Err())
		left(t, vm)
	})
	t.Run("starting", func(t *testing.T) {
		_, err := open(t.Context(), "6.1", Options{Cache: vmCache(t, "6.1"), NoSnapshot: true, more: "rdinit=/none"})
		panicked(t, err, "VFS: Unable to mount root fs")
	})
}

func panicked(t *testing.T, err error, what string) {
	t.Helper()
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameKernel || !strings.Contains(dead.What, "kernel panic: "+what) {
		t.Fatalf("got %v", err)
	}
	if len(dead.Console) == 0 {
		t.Error("no line of the console")
	}
}

// TestVMHang stops the processors under an agent that owes an answer.
func TestVMHang(t *testing.T) {
	limits := defaultPatience
	limits.quiet, limits.hang = time.Second, 3*time.Second
	vm := openVM(t, "6.12", Options{limits: &limits})
	<-vm.settled
	// Or the machine stands by itself meanwhile, and goes on for the next call.
	if err := vm.vm.pulse.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer vm.vm.pulse.end()
	if err := vm.vm.qmp.do(t.Context(), "stop", nil, nil); err != nil {
		t.Fatal(err)
	}
	_, err := vm.Modules(t.Context())
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameKernel || !strings.Contains(dead.What, "hangs") {
		t.Errorf("got %v", err)
	}
	left(t, vm)
}

// TestVMStuck has a machine that never starts: its processors' time runs out, it
// is started a second time, and then it is the kernel's fault.
func TestVMStuck(t *testing.T) {
	limits := defaultPatience
	limits.start = 100 * time.Millisecond // no kernel is so fast
	var boots []string
	_, err := open(t.Context(), "6.12", Options{Cache: vmCache(t, "6.12"), NoSnapshot: true, limits: &limits, more: "loglevel=0", Progress: func(s Step) {
		if s.Name == "boot" {
			boots = append(boots, s.Text)
		}
	}})
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameKernel || !strings.Contains(dead.What, "did not start") {
		t.Errorf("got %v", err)
	}
	if c := vmCache(t, "6.12"); len(boots) < 2 {
		a, _ := ProbeAccel(t.Context(), c)
		t.Errorf("with %s started as %q", a.Name, boots)
	}
}

// TestVMGiveUp ends the waiting for a machine that starts, and the waiting for a
// load.
func TestVMGiveUp(t *testing.T) {
	c := vmCache(t, "6.12")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := open(ctx, "6.12", Options{Cache: c, NoSnapshot: true, Progress: func(s Step) {
		if s.Name == "boot" {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
	}})
	var dead *kernel.DeadError
	if !errors.Is(err, context.Canceled) || errors.As(err, &dead) {
		t.Errorf("got %v", err)
	}

	vm := openVM(t, "6.12", Options{})
	<-vm.settled
	ctx, cancel = context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		_, err := vm.Load(ctx, kernel.LoadRequest{Name: "btrfs"})
		answer <- err
	}()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled load gives %v", err)
	}
	if _, err := vm.Info(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
	left(t, vm)
}

// TestVMBlameQEMU kills QEMU under a guest.
func TestVMBlameQEMU(t *testing.T) {
	vm := openVM(t, "6.12", Options{})
	syscall.Kill(vm.vm.guard.qemuPID(), syscall.SIGKILL)
	_, err := vm.Info(t.Context())
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameLab {
		t.Errorf("got %v", err)
	}
	left(t, vm)
}

// TestVMSerial is the one test of how large things come through: the whole
// kernel log, and a configuration of a hundred kilobytes.
func TestVMSerial(t *testing.T) {
	vm := openVM(t, "6.12", Options{})
	<-vm.settled
	var files []wire.File
	for i := range 4 {
		files = append(files, wire.File{Name: fmt.Sprintf("%d.conf", i), Data: []byte(strings.Repeat("# nothing of importance\n", 1000))})
	}
	began := time.Now()
	if err := vm.vm.call(t.Context(), wire.OpConfigure, wire.Configure{Files: files}, nil); err != nil {
		t.Fatal(err)
	}
	in := time.Since(began)
	before := vm.vm.client.bytes.Load()
	began = time.Now()
	if _, err := vm.Log(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	out := time.Since(began)
	t.Logf("to the guest %.0f KB/s, from it %.0f KB/s", 4*24*4/3/in.Seconds(), float64(vm.vm.client.bytes.Load()-before)/1000/out.Seconds())
	left(t, vm)
}
