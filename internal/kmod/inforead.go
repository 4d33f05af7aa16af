package kmod

import (
	"encoding/binary"
	"fmt"
	"syscall"
)

// InfoReader reads what module files say of themselves, one after the other,
// and keeps its buffers and decoders for the next. The zero value is ready. Not
// for several goroutines at once.
type InfoReader struct {
	w depmodWorker
}

// InfoReaders returns readers for n goroutines, of which one at a time has a
// very large module in memory.
func InfoReaders(n int) []InfoReader {
	var large largeRoom
	readers := make([]InfoReader, n)
	for i := range readers {
		readers[i].w.decoder.large = &large
	}
	return readers
}

// Read reads .modinfo, build ID and signature of a module file, and no symbols;
// of one that is not compressed it reads only these parts. The error of a file
// that makes no sense wraps kernel.ErrDamaged, that of one without .modinfo
// ENODATA. What it returns is the caller's.
func (r *InfoReader) Read(file string) (*ModuleFacts, error) {
	f, err := OpenPlain(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	defer r.w.decoder.free()
	src, err := r.w.source(f)
	if err != nil {
		return nil, err
	}
	e, err := elfOpen(src)
	if err != nil {
		return nil, err
	}
	m := &ModuleFacts{Bits: 32, Machine: e.machine, ThisModule: -1}
	if e.is64 {
		m.Bits = 64
	}
	if !e.at[secModinfo].there {
		return nil, fmt.Errorf("module %s: no .modinfo: %w", file, syscall.ENODATA)
	}
	info, err := e.section(secModinfo)
	if err != nil {
		return nil, err
	}
	m.Info = parseModinfo(info)
	note, err := e.section(secBuildID)
	if err != nil {
		return nil, err
	}
	m.BuildID = append([]byte(nil), e.buildID(note)...)
	m.Signature, err = signatureAt(src)
	return m, err
}

// signatureAt reads the signature at the end of a module, nil where there is
// none.
func signatureAt(src elfSource) (*Signature, error) {
	const tail = signatureTrailer + uint64(len(signatureMark))
	size := src.size()
	if size < tail {
		return nil, nil
	}
	end, err := src.bytes(size-tail, tail)
	if err != nil || string(end[signatureTrailer:]) != signatureMark {
		return nil, err
	}
	n := uint64(binary.BigEndian.Uint32(end[8:])) + uint64(end[3]) + uint64(end[4]) + tail
	if n > size {
		return nil, nil
	}
	all, err := src.bytes(size-n, n)
	if err != nil {
		return nil, err
	}
	s, ok := ModuleSignature(append([]byte(nil), all...))
	if !ok {
		return nil, nil
	}
	s.Offset += int(size - n)
	return &s, nil
}
