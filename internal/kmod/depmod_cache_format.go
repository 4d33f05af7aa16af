package kmod

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"unsafe"
)

// errCache is the error of a cache that makes no sense.
var errCache = errors.New("no cache of depmod")

// cacheReader reads the numbers and texts of a cache. The first error stays.
type cacheReader struct {
	b    []byte
	text string // the same bytes; texts are pieces of it
	err  error
}

func (r *cacheReader) number() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // as are nearly all
		v := r.b[0]
		r.b = r.b[1:]
		return uint64(v)
	}
	return r.longNumber()
}

func (r *cacheReader) longNumber() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.err = nil, errCache
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things of at least one byte follow.
func (r *cacheReader) count() int {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.b, r.err = nil, errCache
		return 0
	}
	return int(n)
}

func (r *cacheReader) str() string {
	n := r.count()
	at := len(r.text) - len(r.b)
	r.b = r.b[n:]
	return r.text[at : at+n]
}

func (r *cacheReader) bytes() []byte {
	n := r.count()
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *cacheReader) strs() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = r.str()
	}
	return out
}

// ids reads numbers of symbols, of which there are so many.
func (r *cacheReader) ids(symbols int) []uint32 {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]uint32, n)
	last := uint64(0)
	b := r.b // there are so many that each step counts
	for i := range out {
		// Symbols that are met together have numbers close together.
		v, n := uint64(0), 1
		if len(b) > 0 && b[0] < 0x80 {
			v = uint64(b[0])
		} else {
			v, n = binary.Uvarint(b)
		}
		last += uint64(int64(v>>1) ^ -int64(v&1))
		if n <= 0 || last >= uint64(symbols) {
			r.b, r.err = nil, errCache
			return nil
		}
		b = b[n:]
		out[i] = uint32(last)
	}
	r.b = b
	return out
}

// parseCache reads a cache: the magic line, the symbol prefix, all symbols, then
// the modules, and a checksum of everything before it.
func parseCache(b []byte, prefix byte) (map[string]cachedFacts, *symbolTable, error) {
	head := cacheMagic + string(prefix)
	if len(b) < len(head)+8 || string(b[:len(head)]) != head {
		return nil, nil, errCache
	}
	body := b[:len(b)-8]
	if cacheSum(body) != binary.LittleEndian.Uint64(b[len(b)-8:]) {
		return nil, nil, errCache
	}
	// The bytes are not changed any more, and thousands of names are pieces of
	// them.
	text := unsafe.String(unsafe.SliceData(body), len(body))
	r := &cacheReader{b: body[len(head):], text: text}
	symbols := &symbolTable{names: r.strs()}
	n := r.count()
	facts := make(map[string]cachedFacts, n)
	for range n {
		var f cachedFacts
		file := r.str()
		f.rel = r.str()
		f.key = fileKey{Dev: r.number(), Ino: r.number(), Size: r.number(), Mtime: int64(r.number()), Ctime: int64(r.number())}
		f.packed = r.bytes()
		if r.err != nil {
			return nil, nil, r.err
		}
		facts[file] = f
	}
	if r.err != nil || len(r.b) > 0 {
		return nil, nil, errCache
	}
	return facts, symbols, nil
}

// unpack reads the facts of a module as the cache has them: most runs need those
// of few modules. What it was made of stays, for the next cache. An error leaves
// the facts as they were.
func (f *depmodFacts) unpack() error {
	r := &cacheReader{b: f.packed, text: unsafe.String(unsafe.SliceData(f.packed), len(f.packed))}
	n := len(f.symbols.names)
	u := depmodFacts{
		exports: r.ids(n), imports: r.ids(n), weak: r.ids(n),
		aliases: r.strs(), softdeps: r.strs(), weakdeps: r.strs(),
	}
	if r.err != nil || len(r.b) > 0 {
		return errCache
	}
	// One by one: who writes the next cache reads the other two at this time.
	f.exports, f.imports, f.weak = u.exports, u.imports, u.weak
	f.aliases, f.softdeps, f.weakdeps = u.aliases, u.softdeps, u.weakdeps
	return nil
}

// format lays a cache out. What is packed it takes as it is.
func (c *depmodCache) format(mods []*depmodModule, now int64) []byte {
	w := cacheWriter{b: make([]byte, 0, c.size+c.size/8)}
	w.b = append(append(w.b, cacheMagic...), c.prefix)
	w.strs(c.symbols.names)
	w.number(uint64(len(mods)))
	var one cacheWriter
	for _, m := range mods {
		w.str(m.path)
		w.str(m.rel)
		key := m.key
		if max(key.Ctime, key.Mtime) >= now-settled {
			key = fileKey{} // fits no file: it is read again, and may have the same facts
		}
		for _, v := range [...]uint64{key.Dev, key.Ino, key.Size, uint64(key.Mtime), uint64(key.Ctime)} {
			w.number(v)
		}
		packed := m.facts.packed
		if packed == nil {
			one.b = one.b[:0]
			one.facts(&m.facts)
			packed = one.b
		}
		w.number(uint64(len(packed)))
		w.b = append(w.b, packed...)
	}
	return binary.LittleEndian.AppendUint64(w.b, cacheSum(w.b))
}

// cacheWriter writes what a cacheReader reads.
type cacheWriter struct{ b []byte }

func (w *cacheWriter) number(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

func (w *cacheWriter) str(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *cacheWriter) strs(list []string) {
	w.number(uint64(len(list)))
	for _, s := range list {
		w.str(s)
	}
}

// facts packs the facts of a module.
func (w *cacheWriter) facts(f *depmodFacts) {
	for _, ids := range [...][]uint32{f.exports, f.imports, f.weak} {
		w.number(uint64(len(ids)))
		last := int64(0)
		for _, id := range ids {
			n := int64(id)
			d := n - last
			w.number(uint64(d<<1) ^ uint64(d>>63))
			last = n
		}
	}
	w.strs(f.aliases)
	w.strs(f.softdeps)
	w.strs(f.weakdeps)
}

// cacheSum tells a cache that was cut off or damaged from a whole one. It is not
// hash/crc32, which would be linked into every modprobe and prepare its tables
// there.
func cacheSum(b []byte) uint64 {
	const prime = 0x9e3779b97f4a7c15
	sum := uint64(len(b)) * prime
	for ; len(b) >= 8; b = b[8:] {
		sum = bits.RotateLeft64((sum^binary.LittleEndian.Uint64(b))*prime, 29)
	}
	for _, c := range b {
		sum = bits.RotateLeft64((sum^uint64(c))*prime, 29)
	}
	return sum ^ sum>>32
}
