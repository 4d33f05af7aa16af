package export_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/recording/export"
	"example.org/kmodsh/internal/trace"
)

// facts is what a Perfetto trace shows.
type facts struct {
	threads, tracks map[string]uint64
	names           map[string]bool // of slices and instants
	flows           map[uint64]int
	counters        map[string][]int64
}

// checkPerfetto decodes a trace and holds it to what Perfetto asks of one.
func checkPerfetto(t *testing.T, b []byte) facts {
	t.Helper()
	all, err := decode("Trace", b)
	if err != nil {
		t.Fatal(err)
	}
	f := facts{map[string]uint64{}, map[string]uint64{}, map[string]bool{}, map[uint64]int{}, map[string][]int64{}}
	described := map[uint64]message{}
	events := map[uint64][]timed{} // by track
	flows := map[uint64][]uint64{} // when each end is
	tids := map[uint64]bool{}
	var pids []uint64
	for i, v := range all["packet"] {
		p := v.(message)
		if p.num("trusted_packet_sequence_id") == 0 {
			t.Fatalf("packet %d is of no sequence", i)
		}
		if d := p.sub("track_descriptor"); d != nil {
			id := d.num("uuid")
			if described[id] != nil || id == 0 {
				t.Fatalf("track %d is described twice, or has no number", id)
			}
			if parent := d.num("parent_uuid"); parent != 0 && described[parent] == nil {
				t.Fatalf("track %d is below %d, which is not described", id, parent)
			}
			described[id] = d
			f.tracks[d.text("name")] = id
			if th := d.sub("thread"); th != nil {
				if tids[th.num("tid")] || th.num("pid") == 0 {
					t.Errorf("thread %v", th)
				}
				tids[th.num("tid")] = true
				f.threads[th.text("thread_name")] = id
			}
			continue
		}
		e := p.sub("track_event")
		if e == nil {
			t.Fatalf("packet %d is nothing", i)
		}
		id, at := e.num("track_uuid"), p.num("timestamp")
		d := described[id]
		if d == nil {
			t.Fatalf("an event of track %d, which is not described", id)
		}
		kind := e.num("type")
		if _, counter := d["counter"]; counter != (kind == 4) || kind == 0 || kind > 4 {
			t.Errorf("an event of type %d on a track that is (%v) a counter", kind, counter)
		}
		if kind == 4 {
			f.counters[d.text("name")] = append(f.counters[d.text("name")], int64(e.num("counter_value")))
		}
		events[id] = append(events[id], timed{at, kind, e.text("name")})
		f.names[e.text("name")] = true
		for _, a := range e["debug_annotations"] {
			if a.(message).text("name") == "" {
				t.Errorf("track %d has an annotation without a name", id)
			}
		}
		for _, flow := range e["flow_ids"] {
			f.flows[flow.(uint64)]++
			flows[flow.(uint64)] = append(flows[flow.(uint64)], at)
		}
	}
	for id, list := range events {
		checkNesting(t, described[id], list)
	}
	for flow, at := range flows {
		if len(at) != 2 || at[0] == at[1] {
			t.Errorf("flow %d has its ends at %v: Perfetto draws it from the earlier to the later", flow, at)
		}
	}
	for _, pid := range pids {
		if tids[pid] {
			t.Errorf("process %d is not one of the machine's, and a thread has its number: it would be its main thread", pid)
		}
	}
	return f
}

// timed is an event on a track.
type timed struct {
	at, kind uint64
	name     string
}

// checkNesting holds the events of a track to what Perfetto makes of them: sorted
// by time, those of the same time in the order of the file, a slice ends when the
// one that began last does, and nothing is left open. Slices of a thread are one
// in another, those of a module follow each other.
func checkNesting(t *testing.T, d message, list []timed) {
	t.Helper()
	slices.SortStableFunc(list, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	var open []timed
	last := uint64(math.MaxUint64)
	for _, e := range list {
		switch e.kind {
		case 1:
			if open = append(open, e); len(open) > 2 || len(open) == 2 && d.sub("thread") == nil {
				t.Errorf("%v: %q is the slice number %d in each other", d, e.name, len(open))
			}
		case 2:
			if len(open) == 0 {
				t.Errorf("%v: an end at %d of what has not begun", d, e.at)
				return
			}
			open = open[:len(open)-1]
		case 3:
			if d.sub("thread") != nil && len(open) == 0 {
				t.Errorf("%v: %q at %d is outside of the thread's life", d, e.name, e.at)
			}
			if e.at == last {
				t.Errorf("%v: %q is at %d, as the event before it", d, e.name, e.at)
			}
			last = e.at
		}
	}
	if len(open) != 0 {
		t.Errorf("%v: %d slices without an end", d, len(open))
	}
}

// TestPerfetto: the trace has the threads, waits, holds, states, counters and
// flows of what was recorded, in Perfetto's schema.
func TestPerfetto(t *testing.T) {
	f := checkPerfetto(t, []byte(exported(t, typed(t), "perfetto")))
	for _, name := range []string{"A (insmod)", "B (kthread)", "helper-1 (modprobe)", "f3 (kthread)"} {
		if f.threads[name] == 0 {
			t.Errorf("no thread %q in %v", name, f.threads)
		}
	}
	for _, name := range []string{"request fs-minix", "insmod minix", "held", "waits", "coming", "unformed", "live", "H2 built-in check", "L18 live"} {
		if !f.names[name] {
			t.Errorf("nothing is called %q", name)
		}
	}
	if len(f.flows) < 4 {
		t.Errorf("%d flows", len(f.flows))
	}
	if permits := fmt.Sprint(f.counters["permits in use"]); !strings.Contains(permits, "1 0") {
		t.Errorf("permits: %s", permits)
	}
	if refs := f.counters["references of minix"]; len(refs) < 2 || refs[len(refs)-1] != 0 {
		t.Errorf("references of minix: %v", refs)
	}
	if f.tracks["minix"] == 0 || f.tracks["modules"] == 0 {
		t.Errorf("tracks: %v", f.tracks)
	}
}

// TestPerfettoOfAll: whatever was recorded, on a simulated kernel and on a real
// one, is drawn by the same rules.
func TestPerfettoOfAll(t *testing.T) {
	for _, file := range []string{"race", "typed", "vm"} {
		t.Run(file, func(t *testing.T) { checkPerfetto(t, []byte(exported(t, "testdata/"+file+".trace", "perfetto"))) })
	}
}

// TestPerfettoNumbers: two threads of a machine that had the same number one after
// the other, its first process, and threads with none or one of no machine are
// threads of their own, of a process that none of them is; and times that go back,
// stand or leave what a number holds keep their order.
func TestPerfettoNumbers(t *testing.T) {
	var b bytes.Buffer
	w, err := recording.NewWriter(&b, recording.Header{Target: "vm:6.12"})
	if err != nil {
		t.Fatal(err)
	}
	times := []int64{-9, 5, 5, 3, 1 << 62, math.MaxInt64, math.MaxInt64, 0}
	for i, th := range []trace.Thread{
		{ID: "a", Comm: "modprobe", PID: 77}, {ID: "b", Comm: "modprobe", PID: 77}, {ID: "c", Comm: "init", PID: 1}, {ID: "d", PID: 1 << 23},
		{ID: "e", PID: math.MaxInt64}, {ID: "f", PID: -1}, {ID: "g"}, {ID: "a", Comm: "modprobe", PID: 77},
	} {
		w.Event(trace.Event{Seq: uint64(i + 1), Time: times[i], Thread: th, Point: "L0", Module: "minix", State: trace.Coming, Refs: trace.Int(1)})
	}
	if err := w.Close(""); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := export.Write(&out, "perfetto", export.Input{Recording: rec}); err != nil {
		t.Fatal(err)
	}
	f := checkPerfetto(t, out.Bytes())
	if len(f.threads) != 7 {
		t.Errorf("%d threads: %v", len(f.threads), f.threads)
	}
	all, err := decode("Trace", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]uint64{} // of the instants, by the number of the event
	for _, p := range all["packet"] {
		if e := p.(message).sub("track_event"); e != nil && e.num("type") == 3 {
			for _, a := range e["debug_annotations"] {
				if a := a.(message); a.text("name") == "event" {
					at[a.text("string_value")] = p.(message).num("timestamp")
				}
			}
		}
	}
	for i := 2; i <= len(times); i++ {
		if now, before := at[strconv.Itoa(i)], at[strconv.Itoa(i-1)]; now <= before || now > math.MaxInt64 {
			t.Errorf("event %d is at %d, and the one before it at %d", i, now, before)
		}
	}
}
