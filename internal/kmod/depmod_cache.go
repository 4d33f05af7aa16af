package kmod

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"sync"
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
	cacheMagic = "kmodsh depmod facts 4\n"
	// settled is how old a file's last change has to be, in nanoseconds, before its
	// facts are taken and it is not read again: a second change may get the same
	// times as the first on file systems whose clock ticks slowly (FAT: 2 s).
	settled = 2e9
	// maxCache bounds the size of a cache file in bytes.
	maxCache = 256 << 20
)

// depmodCache is a cache that was read: facts by the path of the module file.
type depmodCache struct {
	file   string
	prefix byte
	// symbols are those of all facts in it, and in the end of all modules.
	symbols *symbolTable
	facts   map[string]cachedFacts
	size    int // of the file in bytes
	used    int // how many of them were taken
	same    int // how many modules have the facts they had, taken or read anew

	writing sync.WaitGroup // the facts that are being kept
}

type cachedFacts struct {
	rel    string // what the indexes call the file
	key    fileKey
	packed []byte // see depmodFacts.unpack
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
	if facts, symbols, err := parseCache(b, prefix); err == nil {
		c.facts, c.symbols, c.size = facts, symbols, len(b)
	}
	return c
}

// get returns what is known of a file, packed, false when it may have changed.
func (c *depmodCache) get(file string, key fileKey) (depmodFacts, bool) {
	f, ok := c.facts[file]
	if !ok || f.key != key {
		return depmodFacts{}, false
	}
	c.used++
	return depmodFacts{symbols: c.symbols, packed: f.packed}, true
}

// compare counts the modules that have the facts the cache has of them.
func (c *depmodCache) compare(mods []*depmodModule) {
	for _, m := range mods {
		f, ok := c.facts[m.path]
		if ok && f.rel == m.rel && m.facts.err == nil && (m.facts.packed != nil || c.had(f, &m.facts)) {
			c.same++
		}
	}
}

// had says whether a module that was read anew has the facts it had before.
func (c *depmodCache) had(f cachedFacts, now *depmodFacts) bool {
	before := depmodFacts{symbols: c.symbols, packed: f.packed}
	return before.unpack() == nil && before.equal(now)
}

// equal compares what the indexes are made of. The symbols of both are numbers of
// one table.
func (f *depmodFacts) equal(o *depmodFacts) bool {
	return slices.Equal(f.exports, o.exports) && slices.Equal(f.imports, o.imports) && slices.Equal(f.aliases, o.aliases) &&
		slices.Equal(f.softdeps, o.softdeps) && slices.Equal(f.weakdeps, o.weakdeps)
}

// keep begins to write the facts of mods for the next run, unless the cache has
// just these; they may not be changed until it has done so (writing). now is the
// time at which the run began, in nanoseconds since the epoch. What cannot be
// written costs the next run its time and is no error.
func (c *depmodCache) keep(mods []*depmodModule, now int64) {
	if c.file == "" || c.used == len(mods) && c.used == len(c.facts) {
		return
	}
	var kept []*depmodModule
	for _, m := range mods {
		if m.facts.err == nil && !m.facts.noExports && m.key.Ctime != 0 {
			kept = append(kept, m)
		}
	}
	c.writing.Go(func() {
		if b := c.format(kept, now); len(b) <= maxCache {
			replaceOwn(c.file, b)
		}
	})
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
