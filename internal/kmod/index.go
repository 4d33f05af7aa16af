package kmod

import (
	"errors"
	"fmt"
	"io"

	"example.org/kmodsh/internal/kernel"
)

// indexKind is one of the indexes of a tree, by the name of its text form.
type indexKind string

// The indexes that names are resolved with (modules.dep(5), depmod(8)).
const (
	indexDep          indexKind = "modules.dep"
	indexAlias        indexKind = "modules.alias"
	indexSymbol       indexKind = "modules.symbols"
	indexBuiltin      indexKind = "modules.builtin"
	indexBuiltinAlias indexKind = "modules.builtin.alias"
)

// textFile is the file read when there is no binary index. The aliases of
// built-in modules have no text index; they are in modules.builtin.modinfo.
func (k indexKind) textFile() string {
	if k == indexBuiltinAlias {
		return "modules.builtin.modinfo"
	}
	return string(k)
}

// mayBeEmpty says whether an empty binary file is no damage but what kmod's
// depmod leaves where it has nothing to make it of: without modules.builtin and
// modules.builtin.modinfo (tools/depmod.c of kmod 30 to 34, output_builtin_bin).
// It counts as missing, as for libkmod.
func (k indexKind) mayBeEmpty() bool { return k == indexBuiltin || k == indexBuiltinAlias }

// Bounds of one lookup. A sound index of a distribution kernel has some tens
// of thousands of nodes; a damaged one, whose offsets form a cycle or share
// nodes, must end in an error and not in a hang.
const (
	maxIndexKey    = 4096    // bytes of a key (PATH_MAX, as libkmod's buffers)
	maxIndexValue  = 1 << 18 // bytes of a value: a line of modules.dep
	maxIndexNodes  = 1 << 20 // nodes visited by one lookup
	maxIndexValues = 1 << 16 // values found by one lookup
	maxIndexTotal  = 1 << 24 // bytes of all values found by one lookup
	maxIndexSteps  = 1 << 28 // comparisons of patterns with the key by one lookup
)

// indexMatch is one value found in an index, with the key it was found under.
type indexMatch struct {
	key, value string
	priority   uint32
}

// treeIndex is an index of a tree, once looked for. reader is nil when the
// tree has neither the binary nor the text file.
type treeIndex struct {
	reader *binIndex
	file   string // which file is read
	text   bool   // it is the text
	closer io.Closer
	err    error
}

// index returns an index of the tree, opened when first asked for: the binary
// file, else the text. That a binary index is damaged is an error here, also where
// the text is sound; what asks for it then says so and takes the text, or fails.
func (t *Tree) index(kind indexKind) (*treeIndex, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ix := t.indexes[string(kind)]
	if ix == nil {
		ix = t.openIndex(kind)
		t.indexes[string(kind)] = ix
	}
	return ix, ix.err
}

func (t *Tree) openIndex(kind indexKind) *treeIndex {
	file := string(kind) + ".bin"
	r, size, closer, err := t.openReaderAt(file)
	if err == nil && size == 0 && kind.mayBeEmpty() {
		if closer != nil {
			closer.Close()
		}
		err = kernel.ErrNotFound
	}
	if err == nil {
		bin, err := newBinIndex(r, size, t.name+"/"+file)
		if err != nil {
			if closer != nil {
				closer.Close()
			}
			return &treeIndex{file: file, err: err}
		}
		return &treeIndex{reader: bin, file: file, closer: closer}
	}
	if !errors.Is(err, kernel.ErrNotFound) {
		return &treeIndex{file: file, err: err}
	}
	return t.openText(kind)
}

// damaged is the error of an index that makes no sense at an offset in bytes.
func damaged(file string, offset int64, why string) error {
	return fmt.Errorf("%s: %w at byte %d: %s; run depmod to make it anew", file, kernel.ErrDamaged, offset, why)
}
