package export_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a field of a message in Perfetto's schema.
type field struct {
	name string
	kind protowire.Type
	sub  string // message, "" none; "string" text
	many bool
}

// schema is the part of Perfetto's schema that is written: protos/perfetto/trace/
// trace.proto, trace_packet.proto, and track_event/*.proto of its repository.
var schema = map[string]map[protowire.Number]field{
	"Trace": {1: {"packet", protowire.BytesType, "TracePacket", true}},
	"TracePacket": {
		8: {"timestamp", protowire.VarintType, "", false}, 10: {"trusted_packet_sequence_id", protowire.VarintType, "", false},
		11: {"track_event", protowire.BytesType, "TrackEvent", false}, 60: {"track_descriptor", protowire.BytesType, "TrackDescriptor", false},
	},
	"TrackDescriptor": {
		1: {"uuid", protowire.VarintType, "", false}, 2: {"name", protowire.BytesType, "string", false},
		3: {"process", protowire.BytesType, "ProcessDescriptor", false}, 4: {"thread", protowire.BytesType, "ThreadDescriptor", false},
		5: {"parent_uuid", protowire.VarintType, "", false}, 8: {"counter", protowire.BytesType, "CounterDescriptor", false},
	},
	"ProcessDescriptor": {1: {"pid", protowire.VarintType, "", false}, 6: {"process_name", protowire.BytesType, "string", false}},
	"ThreadDescriptor": {
		1: {"pid", protowire.VarintType, "", false}, 2: {"tid", protowire.VarintType, "", false}, 5: {"thread_name", protowire.BytesType, "string", false},
	},
	"CounterDescriptor": {},
	"TrackEvent": {
		4: {"debug_annotations", protowire.BytesType, "DebugAnnotation", true}, 9: {"type", protowire.VarintType, "", false},
		11: {"track_uuid", protowire.VarintType, "", false}, 22: {"categories", protowire.BytesType, "string", true},
		23: {"name", protowire.BytesType, "string", false}, 30: {"counter_value", protowire.VarintType, "", false},
		47: {"flow_ids", protowire.Fixed64Type, "", true},
	},
	"DebugAnnotation": {
		4: {"int_value", protowire.VarintType, "", false}, 6: {"string_value", protowire.BytesType, "string", false}, 10: {"name", protowire.BytesType, "string", false},
	},
}

// message is one decoded message: values by field name.
type message map[string][]any

func (m message) num(name string) uint64 {
	if len(m[name]) == 0 {
		return 0
	}
	return m[name][0].(uint64)
}

func (m message) text(name string) string {
	if len(m[name]) == 0 {
		return ""
	}
	return m[name][0].(string)
}

func (m message) sub(name string) message {
	if len(m[name]) == 0 {
		return nil
	}
	return m[name][0].(message)
}

// decode takes a message apart by the schema.
func decode(kind string, b []byte) (message, error) {
	m := message{}
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, fmt.Errorf("%s: %w", kind, protowire.ParseError(n))
		}
		b = b[n:]
		f, ok := schema[kind][num]
		if !ok || f.kind != wire {
			return nil, fmt.Errorf("%s has no field %d of wire type %d", kind, num, wire)
		}
		if len(m[f.name]) > 0 && !f.many {
			return nil, fmt.Errorf("%s.%s is there twice", kind, f.name)
		}
		var v any
		switch wire {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			var inner []byte
			inner, n = protowire.ConsumeBytes(b)
			if v = string(inner); f.sub == "string" && !utf8.Valid(inner) {
				return nil, fmt.Errorf("%s.%s is not UTF-8: %q", kind, f.name, inner)
			} else if f.sub != "string" {
				sub, err := decode(f.sub, inner)
				if err != nil {
					return nil, err
				}
				v = sub
			}
		}
		if n < 0 {
			return nil, fmt.Errorf("%s.%s: %w", kind, f.name, protowire.ParseError(n))
		}
		b = b[n:]
		m[f.name] = append(m[f.name], v)
	}
	return m, nil
}

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
	open := map[uint64]int{}
	last := map[uint64]uint64{}
	tids := map[uint64]bool{}
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
		if at < last[id] {
			t.Errorf("track %d goes back from %d to %d", id, last[id], at)
		}
		last[id] = at
		_, counter := d["counter"]
		switch kind := e.num("type"); {
		case counter != (kind == 4):
			t.Errorf("an event of type %d on a track that is (%v) a counter", kind, counter)
		case kind == 1:
			open[id]++
		case kind == 2:
			if open[id]--; open[id] < 0 {
				t.Errorf("track %d ends what has not begun", id)
			}
		case kind == 4:
			f.counters[d.text("name")] = append(f.counters[d.text("name")], int64(e.num("counter_value")))
		case kind != 3:
			t.Errorf("an event of type %d", kind)
		}
		f.names[e.text("name")] = true
		for _, a := range e["debug_annotations"] {
			if a.(message).text("name") == "" {
				t.Errorf("track %d has an annotation without a name", id)
			}
		}
		for _, flow := range e["flow_ids"] {
			f.flows[flow.(uint64)]++
		}
	}
	for id, n := range open {
		if n != 0 {
			t.Errorf("track %d has %d slices without an end", id, n)
		}
	}
	for flow, n := range f.flows {
		if n != 2 {
			t.Errorf("flow %d has %d ends", flow, n)
		}
	}
	return f
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
