package unpack

import (
	"compress/gzip"
	"errors"
	"io"
)

// gzipFile reads a gzip file as zlib's gzread does, with which libkmod reads
// modules: what is behind the last member and is none counts for nothing. The
// kernel's decompressor does not look at what is behind the data either
// (kernel/module/decompress.c, module_gzip_decompress, Linux 5.17 to 6.12).
type gzipFile struct {
	member *gzip.Reader
	from   io.Reader
}

// open begins a file.
func (g *gzipFile) open(r io.Reader) error {
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
	n, err = g.member.Read(b)
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
	err = g.open(g.from) // the next member
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF // it has no whole head
	}
	return n, err
}
