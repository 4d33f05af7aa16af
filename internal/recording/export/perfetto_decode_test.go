package export_test

import (
	"fmt"
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
	"CounterDescriptor": {3: {"unit", protowire.VarintType, "", false}},
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
