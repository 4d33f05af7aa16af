package export

import "encoding/binary"

// Wire types of Protocol Buffers, the low three bits of a field's tag
// (protobuf.dev, "Encoding").
//
// The four functions here are all that a Perfetto trace needs. The library reads
// the program's own file when it is initialised, to vary what it prints; that
// cost each start of the program, and so each query of modprobe, 0.2 ms.
const (
	wireVarint = 0
	wireFixed  = 1 // eight bytes, little endian
	wireBytes  = 2 // a length and as many bytes: a string or a message
)

func tag(b []byte, field, wire uint64) []byte { return binary.AppendUvarint(b, field<<3|wire) }

// number appends a field that is an unsigned number of any width.
func number(b []byte, field, v uint64) []byte {
	return binary.AppendUvarint(tag(b, field, wireVarint), v)
}

// fixed appends a field that is a number of eight bytes.
func fixed(b []byte, field, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(tag(b, field, wireFixed), v)
}

// message appends a field that is a message, or a string.
func message[T []byte | string](b []byte, field uint64, inner T) []byte {
	b = binary.AppendUvarint(tag(b, field, wireBytes), uint64(len(inner)))
	return append(b, inner...)
}

// text appends a field that is a string.
func text(b []byte, field uint64, s string) []byte { return message(b, field, s) }
