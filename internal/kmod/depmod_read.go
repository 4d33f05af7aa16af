package kmod

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/kernel"
)

// depmodFacts is what depmod needs of one module. Symbols are numbers of a table.
type depmodFacts struct {
	symbols *symbolTable
	packed  []byte // the rest as the cache has it; nil: this was read from the module
	exports []uint32
	imports []uint32
	crcs    map[uint32]uint64 // of imports; nil unless asked for
	// exportCRCs are those of exports; nil unless asked for.
	exportCRCs map[uint32]uint64
	weak       []uint32 // those of imports that may be missing
	aliases    []string
	softdeps   []string
	weakdeps   []string
	noExports  bool  // their table makes no sense; all else is well
	err        error // why it could not be read; nil when all is well
}

// depmodWorker reads modules one after the other and keeps its buffers.
type depmodWorker struct {
	decoder imageDecoder
	file    elfPread
	symbols symbolTable
	wantCRC bool
	met     []uint32 // by symbol: which module had it last, from 1
	modules uint32   // that were read
}

// readModules reads all mods with some workers and calls progress after each.
// A module that cannot be read has its reason in facts.err.
func readModules(ctx context.Context, mods []*depmodModule, opt DepmodOptions) error {
	var next atomic.Int64
	finished := make(chan struct{}, len(mods))
	var wg sync.WaitGroup
	var large largeRoom
	for range min(opt.Workers, len(mods)) {
		w := &depmodWorker{wantCRC: opt.wantCRCs(), decoder: imageDecoder{large: &large}}
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(mods) {
					return
				}
				mods[i].facts = w.read(mods[i].path)
				finished <- struct{}{}
			}
		})
	}
	go func() {
		wg.Wait()
		close(finished)
	}()
	done := 0
	for range finished {
		done++
		if opt.Progress != nil {
			opt.Progress(done, len(mods))
		}
	}
	return ctx.Err()
}

// read opens and reads one module.
func (w *depmodWorker) read(path string) depmodFacts {
	facts := depmodFacts{symbols: &w.symbols}
	if err := w.readInto(&facts, path); err != nil {
		return depmodFacts{err: err}
	}
	return facts
}

func (w *depmodWorker) readInto(facts *depmodFacts, path string) error {
	f, err := OpenPlain(path)
	if err != nil {
		return err
	}
	defer f.Close()
	defer w.decoder.free()
	src, err := w.source(f)
	if err != nil {
		return err
	}
	e, err := elfOpen(src)
	if err != nil {
		return err
	}
	return w.collect(facts, e)
}

// source is the image behind f: decompressed in memory, or read piece by
// piece when it is not compressed.
func (w *depmodWorker) source(f *os.File) (elfSource, error) {
	var head [6]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if compressionOf(head[:n]) == "" {
		st, err := f.Stat()
		if err != nil {
			return nil, err
		}
		w.file.reset(f, uint64(st.Size()))
		return &w.file, nil
	}
	image, err := w.decoder.image(f, MaxImage)
	if err == nil && len(image) < longestMagic {
		return nil, &NotELFError{"nothing is packed in it"}
	}
	return elfImage(image), err
}

// collect takes from a module what the indexes need.
func (w *depmodWorker) collect(facts *depmodFacts, e *elfFile) error {
	info, err := e.section(secModinfo)
	if err != nil {
		return err
	}
	facts.readInfo(info)
	w.readSymbols(facts, e)
	return nil
}

// readInfo picks the fields that go into indexes. They are copied out of the
// image in one piece.
func (f *depmodFacts) readInfo(section []byte) {
	elfStrings(section, func(s []byte) {
		key, value, _ := bytes.Cut(s, []byte("=")) // without one the value is empty, as kmod has it
		switch string(key) {
		case "alias":
			f.aliases = append(f.aliases, string(value))
		case "softdep":
			f.softdeps = append(f.softdeps, string(value))
		case "weakdep":
			f.weakdeps = append(f.weakdeps, string(value))
		}
	})
}

// elfPread reads parts of a file as they are asked for, each into its own
// piece of a buffer that the next file uses again.
type elfPread struct {
	f      *os.File
	length uint64
	given  uint64 // bytes handed out of this file; sections may overlap
	buf    []byte
}

func (p *elfPread) reset(f *os.File, size uint64) {
	p.f, p.length, p.given, p.buf = f, size, 0, p.buf[:0]
	if cap(p.buf) > keptBuffer {
		p.buf = nil
	}
}

func (p *elfPread) size() uint64 { return p.length }

func (p *elfPread) bytes(off, n uint64) ([]byte, error) {
	if off > p.length || n > p.length-off {
		return nil, fmt.Errorf("%w: %d bytes at %d reach past its end at %d", kernel.ErrDamaged, n, off, p.length)
	}
	if p.given += n; p.given > MaxImage {
		return nil, fmt.Errorf("%w: sections of more than %d bytes", kernel.ErrDamaged, MaxImage)
	}
	if uint64(cap(p.buf)-len(p.buf)) < n {
		// Pieces handed out before stay with the old buffer.
		p.buf = make([]byte, 0, max(n, uint64(2*cap(p.buf)), 256<<10))
	}
	at := len(p.buf)
	p.buf = p.buf[:at+int(n)]
	piece := p.buf[at:]
	if _, err := p.f.ReadAt(piece, int64(off)); err != nil {
		return nil, err
	}
	return piece, nil
}
