package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/trace"
)

// TestClassify reads console lines as kernels print them.
func TestClassify(t *testing.T) {
	for _, test := range []struct {
		line string
		kind lineKind
		text string
	}{
		{"[    3.8] Kernel panic - not syncing: Attempted to kill init!", linePanic, "Attempted to kill init!"},
		{"[    3.8][    T1] Kernel panic - not syncing: x", linePanic, "x"},
		{"kmodsh-agent: fatal: no disk", lineFatal, "no disk"},
		{"[   12.0] BUG: kernel NULL pointer dereference, address: 0", lineTrouble, "BUG: kernel NULL pointer dereference, address: 0"},
		{"[  242.0] INFO: task modprobe:99 blocked for more than 120 seconds.", lineTrouble, "INFO: task modprobe:99 blocked for more than 120 seconds."},
		{"[    0.1] a DEBUG: line about Oops: nothing", lineOther, "a DEBUG: line about Oops: nothing"},
		{"", lineOther, ""},
		{"[", lineOther, "["},
	} {
		if kind, text := classify(test.line); kind != test.kind || text != test.text {
			t.Errorf("%q is %d, %q", test.line, kind, text)
		}
	}
}

// TestConsole has a guest print without end, without line breaks, and onto a
// disk that is full.
func TestConsole(t *testing.T) {
	c := newConsole(full{})
	c.follow(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)+"\n"+strings.Repeat("line\n", 1000)),
		strings.NewReader("\x1b[31mred\x07\n[ 1.0] Kernel panic - not syncing: end")))
	last := c.last()
	if len(last) != consoleKeep || last[consoleKeep-2] != "[31mred" {
		t.Errorf("the last lines are %q", last)
	}
	if p, _, _ := c.told(); p != "end" {
		t.Errorf("panic %q", p)
	}
	if c.fileLost() == nil {
		t.Error("nobody is told that the file is not whole")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func FuzzConsole(f *testing.F) {
	f.Add([]byte("[    1.0] BUG: x\nKernel panic - not syncing: y\r\n\xff\x1b[2J"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := newConsole(io.Discard)
		c.follow(bytes.NewReader(b))
		for _, line := range c.last() {
			if len(line) > consoleLine || strings.ContainsAny(line, "\x1b\n\r\x00") {
				t.Errorf("kept %q", line)
			}
		}
	})
}

// fakeQEMU answers at the other end of a control connection.
func fakeQEMU(t *testing.T, answers ...string) (near net.Conn) {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	go func() {
		in := newQMPReader(far)
		for _, a := range answers {
			if _, err := io.WriteString(far, a); err != nil {
				return
			}
			if _, err := in.next(); err != nil {
				return
			}
		}
		far.Close()
	}()
	return near
}

// TestQMP talks to a QEMU that answers, sends events, refuses and goes.
func TestQMP(t *testing.T) {
	const hello = `{"QMP":{"version":{"qemu":{"major":7,"minor":2,"micro":22},"package":"Debian"},"capabilities":[]}}` + "\n"
	var events []string
	conn := fakeQEMU(t, hello,
		`{"return":{},"id":1}`+"\n",
		`{"event":"STOP","timestamp":{}}`+"\n"+`{"return":{"status":"paused"},"id":2}`+"\n",
		`{"error":{"class":"GenericError","desc":"no such\u001b[0m thing"},"id":3}`+"\n")
	q, err := dialQMP(t.Context(), conn, func(name string, _ json.RawMessage) { events = append(events, name) })
	if err != nil {
		t.Fatal(err)
	}
	if q.version != "7.2.22 (Debian)" {
		t.Errorf("version %q", q.version)
	}
	var status struct{ Status string }
	if err := q.do(t.Context(), "query-status", nil, &status); err != nil || status.Status != "paused" || len(events) != 1 {
		t.Errorf("%+v, %v, events %v", status, err, events)
	}
	if err := q.do(t.Context(), "bad", nil, nil); err == nil || !strings.Contains(err.Error(), "no such[0m thing") {
		t.Errorf("refused with %v", err)
	}
	if err := q.do(t.Context(), "late", nil, nil); err == nil {
		t.Error("an answer from a QEMU that is gone")
	}
	if _, err := dialQMP(t.Context(), fakeQEMU(t, "{}\n"), nil); err == nil {
		t.Error("greeted by no greeting")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	near, far := net.Pipe()
	defer far.Close()
	if _, err := dialQMP(ctx, near, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func FuzzQMP(f *testing.F) {
	f.Add([]byte(`{"QMP":{"version":{"qemu":{"major":7}}}}` + "\n" + `{"return":{},"id":1}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newQMPReader(bytes.NewReader(b))
		for {
			if _, err := r.next(); err != nil {
				return
			}
		}
	})
}

// TestSession checks that what a guest says before the Welcome is void, and
// that holes in its events count as losses.
func TestSession(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	log := trace.NewLog(16)
	c := newClient(near, log)
	defer c.fail(errors.New("over"))
	go func() {
		w := wire.NewConn(far)
		f, err := w.Read()
		if err != nil {
			return
		}
		var h wire.Hello
		if wire.Unmarshal(f.Args, &h) != nil {
			return
		}
		welcome := func(nonce string) wire.Frame {
			return wire.Frame{ID: f.ID, Result: wire.Marshal(wire.Welcome{Version: wire.Version, Nonce: nonce, Seq: 7})}
		}
		far.Write([]byte("noise {\n"))
		w.Write(wire.Frame{Events: []trace.Event{{Seq: 3, Module: "void"}}})
		w.Write(welcome("of an earlier session"))
		w.Write(welcome(h.Nonce))
		w.Write(wire.Frame{Events: []trace.Event{{Seq: 8, Module: "a"}, {Seq: 12, Module: "b"}}})
		if f, err = w.Read(); err == nil {
			w.Write(wire.Frame{ID: f.ID, Result: wire.Marshal([]string{"x"}), Error: wire.FromError(wire.ErrProtocol)})
		}
	}()
	if _, err := c.greet(t.Context(), "vm:x", wire.Hello{}, true, time.Hour, time.Hour); err != nil {
		t.Fatal(err)
	}
	var lines []string
	if err := c.call(t.Context(), "vm:x", wire.OpLog, nil, &lines); !errors.Is(err, wire.ErrProtocol) || len(lines) != 1 {
		t.Errorf("result %v with error %v", lines, err)
	}
	events, _ := log.After(0, 0)
	if len(events) != 2 || events[0].Module != "a" || events[0].Lost != 0 || events[1].Lost != 3 {
		t.Errorf("events %+v", events)
	}
}

// TestGreetLate has a guest that opens its line only after it was greeted in
// vain: its first sign of life is answered at once, not after the next interval.
func TestGreetLate(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := newClient(near, trace.NewLog(16))
	defer c.fail(errors.New("over"))
	go func() {
		w := wire.NewConn(far)
		if _, err := w.Read(); err != nil { // lost
			return
		}
		far.Write([]byte("\n"))
		f, err := w.Read()
		var h wire.Hello
		if err != nil || wire.Unmarshal(f.Args, &h) != nil {
			return
		}
		w.Write(wire.Frame{ID: f.ID, Result: wire.Marshal(wire.Welcome{Version: wire.Version, Nonce: h.Nonce})})
	}()
	first := c.next
	// The next greeting without a sign of life would come hours later.
	if _, err := c.greet(t.Context(), "vm:x", wire.Hello{}, false, 20*time.Millisecond, time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := c.next - first; n != 2 {
		t.Errorf("greeted %d times", n)
	}
}

// TestStopwatch does not count time in which a process was kept from running.
func TestStopwatch(t *testing.T) {
	var s stopwatch
	at := func(sec int) time.Time { return time.Unix(int64(1000+sec), 0) }
	s.tick(at(0), map[int]int64{1: 0, 2: 5e9})
	s.tick(at(10), map[int]int64{1: 1e9, 2: 12e9, 3: 99e9}) // 7 s kept; thread 3 is new
	if s.had != 3*time.Second {
		t.Errorf("had %s", s.had)
	}
	s.tick(at(20), nil) // nothing known: all counts
	if s.had != 13*time.Second {
		t.Errorf("had %s", s.had)
	}
}

// TestVMProbe runs the probe where it always works, and with an accelerator that
// there is not.
func TestVMProbe(t *testing.T) {
	_, q := qemuCache(t)
	c, err := OpenCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := runProbe(t.Context(), c, q, AccelTCG, time.Minute); err != nil {
		t.Errorf("emulated: %v", err)
	}
	if err := runProbe(t.Context(), c, q, "nonesuch", time.Minute); err == nil {
		t.Error("an accelerator that does not exist works")
	}
	first, err := c.accel(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(first)
	if again, err := c.accel(t.Context(), qemu{path: "/nonexistent", id: q.id}); err != nil || again != first {
		t.Errorf("the answer was not kept: %v, %v", again, err)
	}
}
