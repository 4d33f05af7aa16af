package kmod

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"
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
	for i := range out {
		// Symbols that are met together have numbers close together.
		v := r.number()
		last += uint64(int64(v>>1) ^ -int64(v&1))
		if last >= uint64(symbols) {
			r.b, r.err = nil, errCache
			return nil
		}
		out[i] = uint32(last)
	}
	return out
}

// parseCache reads a cache: the magic line, the symbol prefix, all symbols, then
// the modules, and a checksum of everything before it.
func parseCache(b []byte, prefix byte) (map[string]cachedFacts, *depmodWorker, error) {
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
	w := &depmodWorker{names: r.strs()}
	n := r.count()
	facts := make(map[string]cachedFacts, n)
	for range n {
		var f cachedFacts
		file := r.str()
		f.rel = r.str()
		f.key = fileKey{Dev: r.number(), Ino: r.number(), Size: r.number(), Mtime: int64(r.number()), Ctime: int64(r.number())}
		f.facts = depmodFacts{
			worker: w, exports: r.ids(len(w.names)), imports: r.ids(len(w.names)), weak: r.ids(len(w.names)),
			aliases: r.strs(), softdeps: r.strs(), weakdeps: r.strs(),
		}
		if r.err != nil {
			return nil, nil, r.err
		}
		facts[file] = f
	}
	if r.err != nil || len(r.b) > 0 {
		return nil, nil, errCache
	}
	return facts, w, nil
}

// format lays a cache out.
func (c *depmodCache) format(mods []*depmodModule, now int64) []byte {
	b := make([]byte, 0, c.size+c.size/8)
	b = append(append(b, cacheMagic...), c.prefix)
	number := func(v uint64) { b = binary.AppendUvarint(b, v) }
	str := func(s string) {
		number(uint64(len(s)))
		b = append(b, s...)
	}
	strs := func(list []string) {
		number(uint64(len(list)))
		for _, s := range list {
			str(s)
		}
	}
	names, tables := oneNumbering(mods)
	strs(names)
	number(uint64(len(mods)))
	for _, m := range mods {
		str(m.path)
		str(m.rel)
		key := m.key
		if max(key.Ctime, key.Mtime) >= now-settled {
			key = fileKey{} // fits no file: it is read again, and may have the same facts
		}
		for _, v := range [...]uint64{key.Dev, key.Ino, key.Size, uint64(key.Mtime), uint64(key.Ctime)} {
			number(v)
		}
		table := tables[m.facts.worker]
		for _, ids := range [...][]uint32{m.facts.exports, m.facts.imports, m.facts.weak} {
			number(uint64(len(ids)))
			last := int64(0)
			for _, id := range ids {
				n := int64(table[id])
				d := n - last
				number(uint64(d<<1) ^ uint64(d>>63))
				last = n
			}
		}
		strs(m.facts.aliases)
		strs(m.facts.softdeps)
		strs(m.facts.weakdeps)
	}
	return binary.LittleEndian.AppendUint64(b, cacheSum(b))
}

// oneNumbering numbers the symbols of all workers, who number them each in their
// own way, in one: names has the symbols, tables the new numbers by the old.
// Those of the first stay: mostly it is the cache, which has nearly all.
func oneNumbering(mods []*depmodModule) (names []string, tables map[*depmodWorker][]uint32) {
	tables = map[*depmodWorker][]uint32{}
	var others []*depmodWorker
	numbers := map[string]uint32{} // of symbols that the others have
	for _, m := range mods {
		w := m.facts.worker
		if w == nil || tables[w] != nil {
			continue
		}
		tables[w] = make([]uint32, len(w.names))
		if names == nil {
			names = slices.Clip(w.names)
			for i := range names {
				tables[w][i] = uint32(i)
			}
			continue
		}
		others = append(others, w)
		for _, name := range w.names {
			numbers[name] = noNumber
		}
	}
	if len(others) > 0 {
		for i, name := range names {
			if _, ok := numbers[name]; ok {
				numbers[name] = uint32(i)
			}
		}
	}
	for _, w := range others {
		for i, name := range w.names {
			n := numbers[name]
			if n == noNumber {
				n = uint32(len(names))
				numbers[name] = n
				names = append(names, name)
			}
			tables[w][i] = n
		}
	}
	return names, tables
}

const noNumber = math.MaxUint32

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
