package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// duplex is a stream that reads from one buffer and writes to another.
type duplex struct {
	io.Reader
	io.Writer
}

func reader(s string) *Conn { return NewConn(duplex{strings.NewReader(s), io.Discard}) }

func TestFramesGoAcross(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	sent := []Frame{
		{ID: 1, Op: OpHello, Args: Marshal(Hello{Version: Version, Nonce: "n", Now: 5})},
		{ID: 1, Result: Marshal(Welcome{Version: Version, Nonce: "n", Boot: []Moment{{"init", 3}}})},
		{Events: []trace.Event{{Seq: 9, Time: 4, Point: trace.PointGet, Module: "ext4", Refs: trace.Int(2), Lost: 3}}},
		{ID: 2, Error: &Error{Kind: "other", Text: "line\nbreak"}},
	}
	go func() {
		w := NewConn(a)
		for i, f := range sent {
			send := w.Write
			if i%2 == 0 {
				send = w.WriteFresh
			}
			if err := send(f); err != nil {
				t.Error(err)
			}
		}
	}()
	r := NewConn(b)
	for _, want := range sent {
		got, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("frame changed on the way:\n%s", diff)
		}
	}
	if r.Garbage() != 0 {
		t.Errorf("%d lines of garbage in a clean stream", r.Garbage())
	}
}

func TestGarbageIsPassedOver(t *testing.T) {
	long := strings.Repeat("x", MaxFrame+2)
	tests := []struct {
		name, stream string
		ids          []uint64
		garbage      uint64
	}{
		{"empty", "", nil, 0},
		{"blank lines", "\n\r\n\n", nil, 0},
		{"half a frame first", `sult":1}` + "\n" + `{"id":4}` + "\n", []uint64{4}, 1},
		{"half a frame, then a fresh one", `{"id":3,"res` + "\n" + `{"id":4}` + "\n", []uint64{4}, 1},
		{"console noise", "[    1.2] usb: hello {\n{\"id\":4}\r\n", []uint64{4}, 1},
		{"no id and no events", "{}\n{\"id\":0}\n{\"id\":7}\n", []uint64{7}, 2},
		{"wrong types", "{\"id\":\"x\"}\n[1]\nnull\n{\"id\":-1}\n{\"id\":5}\n", []uint64{5}, 4},
		{"not ended", `{"id":5}`, nil, 0},
		{"too long", long + "\n{\"id\":6}\n", []uint64{6}, 1},
		{"too long, looks like a frame", `{"id":1,"op":"` + long + "\"}\n{\"id\":6}\n", []uint64{6}, 1},
		{"zero bytes", "\x00\x00\n{\"id\":6}\n", []uint64{6}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := reader(tt.stream)
			var ids []uint64
			for {
				f, err := c.Read()
				if err != nil {
					if err != io.EOF {
						t.Errorf("stream ends with %v", err)
					}
					break
				}
				ids = append(ids, f.ID)
			}
			if diff := cmp.Diff(tt.ids, ids); diff != "" {
				t.Errorf("frames read:\n%s", diff)
			}
			if c.Garbage() != tt.garbage {
				t.Errorf("counted %d lines of garbage, want %d", c.Garbage(), tt.garbage)
			}
		})
	}
}

func TestLongestFrame(t *testing.T) {
	var b bytes.Buffer
	w := NewConn(duplex{&b, &b})
	f := Frame{ID: 1, Error: &Error{Kind: "other"}}
	f.Error.Text = strings.Repeat("x", MaxFrame-len(Marshal(f)))
	if err := w.Write(f); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Read(); err != nil || got.Error.Text != f.Error.Text {
		t.Errorf("the longest frame is not read back: %v, %d lines of garbage", err, w.Garbage())
	}
	f.Error.Text += "x"
	if err := w.Write(f); err == nil {
		t.Error("a frame over the limit was sent")
	}
	if b.Len() != 0 {
		t.Error("a refused frame left bytes in the stream")
	}
}

// TestErrorsGoAcross checks that what a caller asks of an error has the same
// answer on both ends.
func TestErrorsGoAcross(t *testing.T) {
	load := &kernel.LoadError{Op: "insert", Module: "ext4", File: "a/ext4.ko", Errno: syscall.ENOEXEC, Log: []string{"bad"}, Why: "format"}
	tests := []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"none", nil, nil, ""},
		{"not found", fmt.Errorf("alias x: %w", kernel.ErrNotFound), kernel.ErrNotFound, "alias x: not found"},
		{"invalid", fmt.Errorf("x: %w", kernel.ErrInvalidName), kernel.ErrInvalidName, "x: not a module name or alias"},
		{"damaged", fmt.Errorf("x: %w", kernel.ErrDamaged), kernel.ErrDamaged, "x: damaged"},
		{"not loaded", fmt.Errorf("module x is %w", kernel.ErrNotLoaded), kernel.ErrNotLoaded, "module x is not loaded"},
		{"cancelled", context.Canceled, context.Canceled, "context canceled"},
		{"deadline", context.DeadlineExceeded, context.DeadlineExceeded, "context deadline exceeded"},
		{"protocol", fmt.Errorf("%w: x", ErrProtocol), ErrProtocol, "protocol error: x"},
		{"load", fmt.Errorf("wrapped: %w", load), syscall.ENOEXEC, load.Error()},
		{"load without errno", &kernel.LoadError{Op: "open", Module: "x", Err: errors.New("why")}, nil, "open x: why"},
		{"errno", fmt.Errorf("mount: %w", syscall.EPERM), syscall.EPERM, "mount: operation not permitted"},
		{"unsupported", &kernel.UnsupportedError{Target: "guest", Op: kernel.OpRequest, Why: "because"}, nil, "vm:6.1 cannot request: because"},
		{"other", errors.New("hm"), nil, "vm:6.1: hm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := FromError(tt.err)
			if tt.err == nil {
				if e != nil || e.Err("vm:6.1") != nil {
					t.Fatal("no error became one")
				}
				return
			}
			var back *Error
			if err := Unmarshal(Marshal(e), &back); err != nil {
				t.Fatal(err)
			}
			got := back.Err("vm:6.1")
			if got == nil || got.Error() != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
			if tt.is != nil && !errors.Is(got, tt.is) {
				t.Errorf("%q no longer is %q", got, tt.is)
			}
		})
	}
	var back *kernel.LoadError
	if err := FromError(load).Err("vm"); !errors.As(err, &back) {
		t.Fatalf("%v is no LoadError", err)
	}
	if diff := cmp.Diff(load, back); diff != "" {
		t.Errorf("LoadError changed:\n%s", diff)
	}
}

// FuzzRead feeds the reader anything: it must end, keep to its limit, and find
// the frame that stands on a fresh line behind it.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "\n", `{"id":1,"op":"hello","args":{}}`, `{"events":[{"seq":1,"t":2,"point":"R6"}]}`, "{\"id\":1}\n{\"id\":", "\x00\xff{", `{"id":1e3}`, `{"error":{"kind":"load","errno":-5}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, noise []byte) {
		var b bytes.Buffer
		b.Write(noise)
		last := Frame{ID: 424242, Op: OpSync}
		c := NewConn(duplex{&b, &b})
		if err := c.WriteFresh(last); err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			got, err := c.Read()
			if err != nil {
				t.Fatalf("the frame behind the noise was not found: %v", err)
			}
			if got.ID == 0 && got.Events == nil {
				t.Fatal("an empty frame came through")
			}
			_ = got.Error.Err("guest")
			if cmp.Equal(got, last) {
				return
			}
			if n > len(noise) {
				t.Fatal("more frames than bytes")
			}
		}
	})
}
