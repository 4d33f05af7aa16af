package agent

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// scene is a machine made for a test: its threads go from point to point of a
// script when they are let go, and sleep where they are said to.
type scene struct {
	t    *testing.T
	s    *stepper
	mu   sync.Mutex
	at   map[int]sight // by process
	time int64
}

func newScene(t *testing.T) *scene {
	c := &scene{t: t, at: map[int]sight{}}
	c.s = newStepper(func(pid, tid int) sight {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.at[pid]
	}, func() int64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.time += int64(10 * time.Microsecond)
		return c.time
	})
	return c
}

func (c *scene) sees(pid int, s sight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[pid] = s
}

var runs = sight{state: 'R'}

func sleepsIn(functions ...string) sight { return sight{state: 'S', stack: functions} }

// spawn makes a thread that comes to the points of a script one after the other
// and then ends. A "!" before one has the thread sleep there, in load_module,
// until the test wakes it.
func (c *scene) spawn(id string, pid int, script ...string) *thread {
	t := &thread{id: id, pid: pid, tid: pid, task: &kernel.Task{Verb: "load", Name: "minix"}}
	if err := c.s.add(t); err != nil {
		c.t.Fatal(err)
	}
	c.sees(pid, runs)
	var goOn func(int)
	goOn = func(int) {
		if len(script) == 0 {
			go c.s.end(t, nil)
			return
		}
		next := script[0]
		script = script[1:]
		if next == "sleep" {
			c.sees(pid, sleepsIn("load_module", "__do_sys_finit_module"))
			return
		}
		go c.s.arrive(t, next, "minix", "", false, goOn)
	}
	c.s.hello(t, pid, pid, goOn)
	return t
}

// wake has a sleeping thread come to a point.
func (c *scene) wake(t *thread, point string) {
	c.sees(t.pid, runs)
	go c.s.arrive(t, point, "minix", "", false, func(int) { go c.s.end(t, nil) })
}

func (c *scene) step(id, wantStuck string) {
	c.t.Helper()
	stuck, err := c.s.step(c.t.Context(), id, false)
	if err != nil || stuck != wantStuck {
		c.t.Fatalf("step %s: stuck %q, %v; want stuck %q", id, stuck, err, wantStuck)
	}
}

func (c *scene) stands(id, status, at, waits string) {
	c.t.Helper()
	for _, t := range c.s.since(0).Threads {
		if t.ID == id {
			if t.Status != status || t.At != at || t.Waits != waits {
				c.t.Fatalf("%s is %s at %q, waits for %q; want %s at %q, waits for %q", id, t.Status, t.At, t.Waits, status, at, waits)
			}
			return
		}
	}
	c.t.Fatalf("no thread %s", id)
}

func TestStepperPoints(t *testing.T) {
	c := newScene(t)
	c.spawn("A", 10, "H0", "H1")
	c.spawn("B", 11, "H0")
	c.stands("A", "ready", "", "")
	c.step("A", "")
	c.stands("A", "ready", "H0", "")
	c.stands("B", "ready", "", "")
	c.step("A", "")
	c.step("A", "")
	c.stands("A", "done", "H1", "")
	c.step("A", "has ended")
	c.stands("B", "ready", "", "")
	if _, err := c.s.step(t.Context(), "C", false); err == nil || !strings.Contains(err.Error(), `no thread "C"`) {
		t.Errorf("a step of nobody: %v", err)
	}
	if err := c.s.add(&thread{id: "A"}); err == nil {
		t.Error("a second thread A")
	}
}

func TestStepperWaits(t *testing.T) {
	// The load that is waited for may be in its init function, which requests
	// another module.
	for _, at := range []string{"L17", "R8"} {
		t.Run(at, func(t *testing.T) { waitsForALoad(t, at) })
	}
}

func waitsForALoad(t *testing.T, at string) {
	c := newScene(t)
	a := c.spawn("A", 10, "H0", "sleep")
	c.spawn("C", 12, at)
	c.step("C", "")
	c.step("A", "")
	c.step("A", "")
	c.s.mu.Lock()
	c.s.set(c.s.byID["C"], standHeld)
	c.s.mu.Unlock()
	c.stands("A", "blocked", "H0", "the other minix to finish loading")
	c.step("A", "waits for the other minix to finish loading")
	if err := c.s.await(t.Context(), 0); err != nil { // no time ends it
		t.Fatal(err)
	}
	// It is woken by what another thread does, and waited for.
	b := c.spawn("B", 11)
	c.s.mu.Lock()
	b.goOn = func(int) {
		c.wake(a, "H4")
		go c.s.end(b, nil)
	}
	c.s.mu.Unlock()
	c.step("B", "")
	c.stands("B", "done", "", "")
	c.stands("A", "ready", "H4", "")
}

func TestStepperHelper(t *testing.T) {
	c := newScene(t)
	a := c.spawn("A", 10, "R8")
	c.step("A", "")
	c.s.mu.Lock()
	a.goOn = func(int) { c.sees(10, sleepsIn("call_usermodehelper_exec", "__request_module")) }
	c.s.mu.Unlock()
	// The step is not over before the helper stands, too.
	c.sees(20, runs)
	go func() {
		for c.s.requester() == nil {
			time.Sleep(time.Millisecond)
		}
		h := c.s.addHelper(20, a, 1)
		c.s.hello(h, 20, 20, func(int) {
			go c.s.arrive(h, "H0", "", "minix", false, func(int) {
				c.s.exits(h, 1)
				c.sees(10, runs)
				c.s.left(h)
				go c.s.end(a, nil)
			})
		})
	}()
	c.step("A", "")
	c.stands("A", "blocked", "R8", "the helper helper-1")
	c.stands("helper-1", "ready", "H0", "")
	// And the step that ends the helper not before its requester goes on.
	c.step("helper-1", "")
	c.stands("helper-1", "done", "H0", "")
	c.stands("A", "done", "R8", "")
	if got := c.s.since(0).Threads[1]; got.Result != 256 || got.Parent != "A" || got.Request != 1 {
		t.Errorf("the helper: %+v", got)
	}
}

func TestStepperFaults(t *testing.T) {
	c := newScene(t)
	c.s.faults.add(kernel.Fault{Number: 1, Point: "H1", Module: "minix", Hold: true, Hit: 2})
	c.s.faults.add(kernel.Fault{Number: 2, Point: "H2", Thread: "A", Delay: 5 * time.Millisecond})
	c.spawn("A", 10, "H1", "H1", "H2")
	c.step("A", "")
	c.stands("A", "ready", "H1", "")
	c.step("A", "")
	c.stands("A", "held", "H1", "")
	c.step("A", "is held at H1")
	if err := c.s.release("B"); err == nil {
		t.Error("nobody is released")
	}
	if err := c.s.release("A"); err != nil {
		t.Fatal(err)
	}
	if err := c.s.release("A"); err == nil {
		t.Error("released twice")
	}
	c.step("A", "")
	c.stands("A", "blocked", "H2", "delayed at H2")
	if err := c.s.await(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.stands("A", "ready", "H2", "")
	if f := c.s.faults.list[0]; f.Hits != 2 {
		t.Errorf("met %d times", f.Hits)
	}
}

func TestStepperFree(t *testing.T) {
	c := newScene(t)
	c.s.faults.add(kernel.Fault{Number: 1, Point: "H2", Thread: "B", Hold: true})
	c.spawn("A", 10, "H0", "H1", "H2", "H3")
	c.spawn("B", 11, "H0", "H1", "H2", "H3")
	c.spawn("C", 12, "H0", "H1", "H2", "H3")
	if _, err := c.s.step(t.Context(), "A", true); err != nil {
		t.Fatal(err)
	}
	c.stands("A", "done", "H3", "")
	if err := c.s.freeAll(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.stands("B", "held", "H2", "")
	c.stands("C", "done", "H3", "")
}

// A thread that comes to no point and no known wait is an error that says where
// it is, not a wait for ever.
func TestStepperAstray(t *testing.T) {
	c := newScene(t)
	a := c.spawn("A", 10)
	c.s.mu.Lock()
	a.goOn = func(int) {
		c.sees(10, sleepsIn("ext4_sync_fs"))
		c.mu.Lock()
		c.time += standPatience
		c.mu.Unlock()
	}
	c.s.mu.Unlock()
	if _, err := c.s.step(t.Context(), "A", false); err == nil || !strings.Contains(err.Error(), "ext4_sync_fs") {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.mu.Lock()
	c.time = 0
	c.mu.Unlock()
	if _, err := c.s.step(ctx, "A", false); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestStepperHung: of a thread that sleeps uninterruptibly the kernel itself has
// a report to make, which is waited for; no longer than it takes.
func TestStepperHung(t *testing.T) {
	for _, tt := range []struct {
		state   byte
		limit   int64 // of the kernel's watchdog, s
		patient int64 // s that are waited
	}{{'D', 30, 61}, {'D', 0, 20}, {'D', 600, 20}, {'S', 30, 20}} {
		c := newScene(t)
		c.s.hung = func() int64 { return tt.limit * second }
		a := c.spawn("A", 10)
		at := sleepsIn("ext4_sync_fs")
		at.state = tt.state
		c.s.mu.Lock()
		a.goOn = func(int) {
			c.sees(10, at)
			c.mu.Lock()
			c.time += tt.patient*second - 1
			c.mu.Unlock()
		}
		c.s.mu.Unlock()
		// Time goes on by itself once the thread is on its way.
		now := c.s.now
		c.s.now = func() int64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.time > 0 {
				c.time++
			}
			return c.time
		}
		_, err := c.s.step(t.Context(), "A", false)
		if took := now(); err == nil || took < tt.patient*second || took > tt.patient*second+second {
			t.Errorf("%+v: after %d ns: %v", tt, took, err)
		}
	}
}

func TestWaitOf(t *testing.T) {
	for _, c := range []struct {
		other bool
		state byte
		stack string
		want  string
		timed bool
	}{
		{true, 'S', "load_module __do_sys_finit_module do_syscall_64", "the other m to finish loading", false},
		{true, 'S', "module_patient_check_exists.constprop.0 load_module", "the other m to finish loading", false},
		{false, 'S', "load_module __do_sys_finit_module", "a symbol of a module, which is coming", true},
		{false, 'S', "idempotent_init_module __x64_sys_finit_module", "the load of the same file by another thread", false},
		{false, 'D', "call_usermodehelper_exec __request_module", "its helper", false},
		{false, 'S', "__request_module request_main kthread", "a free permit", true},
		{false, 'D', "msleep victim_init do_one_initcall do_init_module load_module", "the init function of m", true},
		{false, 'D', "msleep victim_exit __do_sys_delete_module.constprop.0", "the exit function of m", true},
		{false, 'D', "__usermodehelper_disable kmodsh_umh_suspend asker_main", "the callers of helpers", true},
		{false, 'D', "usermodehelper_read_trylock ask asker_main", "user space to be frozen or thawed", false},
		{false, 'D', "wait_for_completion run_test_case trigger_config_store dev_attr_store", "the threads of test_kmod", true},
		{false, 'D', "fanotify_handle_event fsnotify do_dentry_open do_open_execat kernel_execve", "the root file system, which is frozen", false},
		{false, 'D', "kmodsh_stop_wait kmodsh_delay kmodsh_point kmodsh_enter kmodsh_stub_0 load_module", "its delay to end", true},
		{false, 'D', "kmodsh_stop_wait kmodsh_point kmodsh_enter kmodsh_stub_0 load_module", "", false},
		{false, 'S', "futex_wait_queue futex_wait", "", false},
		{false, 'R', "load_module", "", false},
		{false, 'S', "", "", false},
	} {
		got := waitOf(sight{state: c.state, stack: strings.Fields(c.stack)}, c.other)
		if got.named("m") != c.want || got.timed != c.timed {
			t.Errorf("%c in %s: waits for %q, timed %v; want %q, %v", c.state, c.stack, got.named("m"), got.timed, c.want, c.timed)
		}
	}
}

func FuzzParseStack(f *testing.F) {
	f.Add("[<0>] load_module+0x12/0x34\n[<0>] victim_init+0x0/0x10 [victim]\n")
	f.Add("] +\n[<0>] ")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range parseStack(text) {
			if name == "" || strings.ContainsAny(name, "+\n") {
				t.Errorf("%q gives %q", text, name)
			}
		}
		if s := parseStat(text); s != 0 && !strings.Contains(text, ") "+string([]byte{s})) {
			t.Errorf("%q gives the state %q", text, s)
		}
	})
}

func TestParseStack(t *testing.T) {
	got := parseStack("[<0>] msleep+0x2d/0x40\n[<0>] victim_init+0x40/0x1000 [victim]\nnoise\n")
	if strings.Join(got, " ") != "msleep victim_init" {
		t.Errorf("%q", got)
	}
	if c := parseStat("12 (a) b) S 1 2"); c != 'S' {
		t.Errorf("state %c", c)
	}
}

func TestReadHelper(t *testing.T) {
	for _, good := range []string{"real", "exit:0", "exit:255", "killed", "missing", "slow:12s", "stuck", "insmod", "binfmt"} {
		if _, err := readHelper(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "exit", "exit:256", "exit:-1", "slow:", "slow:-1s", "slow:2h", "missing:1", "other"} {
		if _, err := readHelper(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// Nor is it when a crowd was let go: once nobody has come anywhere for long,
// that is an error about the one who is on his way.
func TestStepperCrowdAstray(t *testing.T) {
	c := newScene(t)
	c.spawn("A", 10, "H0")
	b := c.spawn("B", 11)
	c.s.mu.Lock()
	b.goOn = func(int) {
		c.sees(11, sleepsIn("ext4_sync_fs"))
		c.mu.Lock()
		c.time += 2 * standPatience // slow, and not yet an error
		c.mu.Unlock()
		go func() {
			for ; ; time.Sleep(time.Millisecond) {
				c.mu.Lock()
				c.time += second
				c.mu.Unlock()
				if t.Context().Err() != nil {
					return
				}
			}
		}()
	}
	c.s.mu.Unlock()
	err := c.s.freeAll(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), "thread B") || !strings.Contains(err.Error(), "ext4_sync_fs") {
		t.Errorf("err = %v", err)
	}
	c.stands("A", "done", "H0", "")
}

// TestSignalOfAHelper: a helper, which is nobody's child, gets its signal by its
// process, and ends with the status of that.
func TestSignalOfAHelper(t *testing.T) {
	for sig, status := range map[string]int64{"KILL": 9, "TERM": 15} {
		s := newStepper(func(int, int) sight { return sight{gone: true} }, func() int64 { return 0 })
		var sent []string
		s.kill = func(pid int, sig string) error {
			sent = append(sent, fmt.Sprint(pid, " ", sig))
			return nil
		}
		parent := &thread{id: "A", pid: 10, stand: standDone}
		h := s.addHelper(20, parent, 1)
		if err := s.signal(t.Context(), h.id, sig); err != nil || len(sent) != 1 || sent[0] != "20 "+sig {
			t.Errorf("%s: err = %v, sent %q", sig, err, sent)
		}
		if got := h.state(); !got.Done || !got.Killed || got.Result != status {
			t.Errorf("%s: became %+v", sig, got)
		}
	}
}
