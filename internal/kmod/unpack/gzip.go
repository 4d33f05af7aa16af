package unpack

import (
	"compress/gzip"
	"errors"
	"io"
)

// gzipFile reads a gzip file as zlib's gzread does, with which libkmod reads
// modules: what is behind the last member and is none counts for nothing, and a
// file that was cut off ends where it was cut, without an error (zlib, gzread.c,
// gz_decomp: that is told by gzclose, whose answer libkmod does not look at). The
// kernel's decompressor does not look at what is behind the data either
// (kernel/module/decompress.c, module_gzip_decompress, Linux 5.17 to 6.12).
type gzipFile struct {
	member *gzip.Reader
	from   io.Reader
	ended  bool // in the head of the first
}

// open begins a file. One that ends in its head holds nothing.
func (g *gzipFile) open(r io.Reader) error {
	err := g.next(r)
	if g.ended = isCut(err); g.ended {
		return nil
	}
	return err
}

// isCut says that a file ended too early.
func isCut(err error) bool { return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) }

// next begins a member.
func (g *gzipFile) next(r io.Reader) error {
	if g.from = r; g.member == nil {
		g.member = new(gzip.Reader)
	}
	err := g.member.Reset(r)
	if err == nil {
		g.member.Multistream(false)
	}
	return err
}

// Read implements io.Reader.
func (g *gzipFile) Read(b []byte) (n int, err error) {
	if g.ended {
		return 0, io.EOF
	}
	n, err = g.member.Read(b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, io.EOF
	}
	if err != io.EOF {
		return n, err
	}
	p, ok := g.from.(interface{ Peek(int) ([]byte, error) })
	if !ok {
		return n, err
	}
	if magic, _ := p.Peek(2); string(magic) != "\x1f\x8b" {
		return n, err
	}
	if err = g.next(g.from); isCut(err) {
		err = io.EOF // it has no whole head
	}
	return n, err
}
