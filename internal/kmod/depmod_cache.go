package kmod

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path"
	"slices"
	"unsafe"
)

// fileKey tells whether a file may have changed: where it is, its number, size
// and times. The change time cannot be set back by anybody, so what has the
// same key has the same content, unless it was written twice within one tick of
// the file system's clock; see depmodCache.keep.
type fileKey struct {
	Dev, Ino, Size uint64
	Mtime, Ctime   int64 // nanoseconds since the epoch
}

// The cache of depmod: what it learnt of module files, for the next run, in a
// file of its own in a directory of the user who runs it. It is taken only
// when that user alone can have written it, when it is whole, and of the same
// form; a fact of it only when the module's file has the same key.
const (
	cacheMagic = "kmodsh depmod facts 3\n"
	// settled is how old a file's last change has to be before its facts are
	// kept, in nanoseconds: a second change may get the same times as the first
	// on file systems whose clock ticks slowly (FAT: 2 s).
	settled = 2e9
	// maxCache bounds the size of a cache file in bytes.
	maxCache = 256 << 20
)

// depmodCache is a cache that was read: facts by the path of the module file.
type depmodCache struct {
	file   string
	prefix byte
	worker *depmodWorker // of all facts in it
	facts  map[string]cachedFacts
	used   int // how many of them were taken
	same   int // how many modules have the facts they had, taken or read anew
}

type cachedFacts struct {
	rel   string // what the indexes call the file
	key   fileKey
	facts depmodFacts
}

// cacheFile is where the facts of a tree are kept.
func cacheFile(dir, tree string) (string, error) {
	abs := path.Clean(tree)
	if !path.IsAbs(abs) {
		wd, err := os.Getwd()
		if err != nil {
			return "", err
		}
		abs = path.Join(wd, abs)
	}
	sum := uint64(14695981039346656037) // FNV-1a; a clash costs the cache only
	for _, c := range []byte(abs) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return path.Join(dir, fmt.Sprintf("%s-%016x.facts", path.Base(abs), sum)), nil
}

// openCache reads the cache of a tree. One that is not there, not to be
// trusted or not whole is an empty one.
func openCache(dir, tree string, prefix byte) *depmodCache {
	c := &depmodCache{prefix: prefix, facts: map[string]cachedFacts{}}
	file, err := cacheFile(dir, tree)
	if err != nil {
		return c
	}
	c.file = file
	b, err := readOwn(file, maxCache)
	if err != nil {
		return c
	}
	if facts, w, err := parseCache(b, prefix); err == nil {
		c.facts, c.worker = facts, w
	}
	return c
}

// get returns what is known of a file, false when it may have changed.
func (c *depmodCache) get(file string, key fileKey) (depmodFacts, bool) {
	f, ok := c.facts[file]
	if !ok || f.key != key {
		return depmodFacts{}, false
	}
	c.used++
	return f.facts, true
}

// compare counts the modules that have the facts the cache has of them.
func (c *depmodCache) compare(mods []*depmodModule) {
	for _, m := range mods {
		f, ok := c.facts[m.path]
		if ok && f.rel == m.rel && m.facts.err == nil && (m.facts.worker == c.worker || f.facts.equal(&m.facts)) {
			c.same++
		}
	}
}

// equal compares what the indexes are made of.
func (f *depmodFacts) equal(o *depmodFacts) bool {
	ids := func(a, b []uint32) bool {
		return slices.EqualFunc(a, b, func(x, y uint32) bool { return f.worker.names[x] == o.worker.names[y] })
	}
	return ids(f.exports, o.exports) && ids(f.imports, o.imports) && slices.Equal(f.aliases, o.aliases) &&
		slices.Equal(f.softdeps, o.softdeps) && slices.Equal(f.weakdeps, o.weakdeps)
}

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

// keep writes the facts of mods for the next run, unless the cache has just
// these. now is the time at which the run began, in nanoseconds since the
// epoch. What cannot be written costs the next run its time and is no error.
func (c *depmodCache) keep(mods []*depmodModule, now int64) {
	if c.file == "" || c.used == len(mods) && c.used == len(c.facts) {
		return
	}
	var kept []*depmodModule
	for _, m := range mods {
		if m.facts.err == nil && m.key.Ctime != 0 && max(m.key.Ctime, m.key.Mtime) < now-settled {
			kept = append(kept, m)
		}
	}
	b := c.format(kept)
	if len(b) > maxCache {
		return
	}
	replaceOwn(c.file, b)
}

// replaceOwn writes a file of the cache under another name and puts it into its
// place; when it cannot, nothing is left behind.
func replaceOwn(name string, b []byte) {
	if err := os.MkdirAll(path.Dir(name), 0o700); err != nil {
		return
	}
	t, err := os.CreateTemp(path.Dir(name), ".new-*")
	if err != nil {
		return
	}
	_, err = t.Write(b)
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), name)
	}
	if err != nil {
		os.Remove(t.Name())
	}
}

// format lays a cache out.
func (c *depmodCache) format(mods []*depmodModule) []byte {
	b := append([]byte(cacheMagic), c.prefix)
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
	// Workers number symbols each in their own way.
	numbers := map[string]uint32{}
	var names []string
	tables := map[*depmodWorker][]uint32{}
	for _, m := range mods {
		w := m.facts.worker
		if w == nil || tables[w] != nil {
			continue
		}
		table := make([]uint32, len(w.names))
		for i, name := range w.names {
			n, ok := numbers[name]
			if !ok {
				n = uint32(len(names))
				numbers[name] = n
				names = append(names, name)
			}
			table[i] = n
		}
		tables[w] = table
	}
	strs(names)
	number(uint64(len(mods)))
	for _, m := range mods {
		str(m.path)
		str(m.rel)
		for _, v := range [...]uint64{m.key.Dev, m.key.Ino, m.key.Size, uint64(m.key.Mtime), uint64(m.key.Ctime)} {
			number(v)
		}
		for _, ids := range [...][]uint32{m.facts.exports, m.facts.imports, m.facts.weak} {
			number(uint64(len(ids)))
			last := int64(0)
			for _, id := range ids {
				n := int64(tables[m.facts.worker][id])
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
