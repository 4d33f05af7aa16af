package recording

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func TestCutOff(t *testing.T) {
	whole := small(t, true)
	said := 0
	for n := range len(whole) {
		r, err := Read(bytes.NewReader(whole[:n]))
		if err != nil {
			continue
		}
		if r.Missing == "" {
			// Only the checksum behind the last line is missing.
			if len(r.Verbs) != 1 {
				t.Errorf("%d of %d bytes: nothing is said to be missing", n, len(whole))
			}
			continue
		}
		said++
	}
	if said == 0 {
		t.Error("no part of the file can be read")
	}
	// What was flushed is there, whatever becomes of the rest.
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Target: "vm:6.1"})
	if err != nil {
		t.Fatal(err)
	}
	w.Event(trace.Event{Seq: 1, Point: "L0"})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil || len(r.Events) != 1 || !strings.Contains(r.Missing, "cut off after line 2, with 1 event and 0 positions before that") {
		t.Errorf("%v, %+v", err, r)
	}
}

func packed(lines ...string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, strings.Join(lines, "\n")+"\n")
	z.Close()
	return b.Bytes()
}

const head = `{"type":"header","format":"kmodsh trace","version":1,"steps":true}`

func TestReadWrong(t *testing.T) {
	for _, tc := range []struct {
		lines   []string
		err     string // "" when it is read
		missing string
	}{
		{[]string{`{"type":"event"}`}, "its first line is not that of one", ""},
		{[]string{`nonsense`}, "damaged", ""},
		{[]string{`{"type":"header","format":"kmodsh trace","version":2}`}, "version 2, and this kmodsh reads version 1", ""},
		{[]string{head}, "", "cut off after line 1"},
		{[]string{head, `{"type":"later thing","x":1}`, `{"type":"end"}`}, "", ""},
		{[]string{head, `{"type":"event","seq":"x"}`}, "", "damaged"},
		{[]string{head, `{"type":"snapshot","pos":1}`}, "", "the first position is not whole"},
		{[]string{head, `{"type":"snapshot","pos":3,"key":true}`, `{"type":"snapshot","pos":3}`}, "", "position 3 follows position 3"},
		{[]string{head, `{"type":"back","pos":0,"events":7}`}, "", "back to position 0 with 7 events, of 0"},
		{[]string{head, `{"type":"action","pos":2,"action":{}}`}, "", "action 2 follows action 0"},
		{[]string{head, `{"type":"end"}`, `{"type":"event"}`}, "", "more after the end"},
		{[]string{head, strings.Repeat("x", maxLine+1)}, "", "a line of more than"},
	} {
		r, err := Read(bytes.NewReader(packed(tc.lines...)))
		switch {
		case tc.err != "":
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%.60s: %v, want %s", tc.lines, err, tc.err)
			}
		case err != nil:
			t.Errorf("%.60s: %v", tc.lines, err)
		case (tc.missing == "") != (r.Missing == "") || !strings.Contains(r.Missing, tc.missing):
			t.Errorf("%.60s: missing %q, want %q", tc.lines, r.Missing, tc.missing)
		}
	}
	if _, err := Read(strings.NewReader("{}")); err == nil {
		t.Error("what is not packed was read")
	}
}

// TestBombIsRefused: what unpacks to more than is read ends with an error.
func TestBombIsRefused(t *testing.T) {
	line := `{"type":"verb","text":"` + strings.Repeat("x", 1000) + `"}`
	bomb := packed(head, strings.Repeat(line+"\n", 1000))
	if _, err := read(bytes.NewReader(bomb), 500_000); err == nil || !strings.Contains(err.Error(), "more than 500000 bytes when unpacked") {
		t.Errorf("read: %v", err)
	}
}

// FuzzRead: no file does harm, and what is read can be looked at everywhere and
// compared with itself.
func FuzzRead(f *testing.F) {
	f.Add(unpacked(f, small(f, true)))
	f.Add(unpacked(f, small(f, false)))
	f.Add([]byte(head + "\n" + `{"type":"snapshot","pos":5,"key":true,"module_order":["a","a"],"thread_order":["x"],"threads":[{"id":"x"}]}` + "\n" +
		`{"type":"back","pos":0,"events":0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(packed(string(text))))
		if err != nil {
			return
		}
		if len(r.ActionEvents) != len(r.Actions) {
			t.Fatalf("%d actions, events of %d", len(r.Actions), len(r.ActionEvents))
		}
		target := newTarget("trace:x", r)
		for _, pos := range r.Kept() {
			if err := target.Goto(ctx, pos); err != nil {
				t.Fatal(err)
			}
			s, err := target.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n := target.Events().Last(); n != uint64(len(s.Events)) {
				t.Fatalf("position %d: %d events in the log, %d in the snapshot", pos, n, len(s.Events))
			}
		}
		r.Walk(func(*kernel.Snapshot) bool { return true })
		if c := Compare(r, r, false); !c.Same() {
			t.Fatalf("a trace differs from itself after %d events", c.Common)
		}
	})
}

func unpacked(f *testing.F, b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		f.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		f.Fatal(err)
	}
	return text
}
