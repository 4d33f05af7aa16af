package kmod

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// imageDecoder turns module files into images. It keeps its buffers and
// decoders for the next file, so a worker that reads thousands makes them
// once. The zero value is ready. Not for several goroutines at once.
//
// Its memory is bounded by what a file holds, not by what it claims, and for
// one that holds too much by largeImage: of that it finds the size without
// keeping anything.
type imageDecoder struct {
	in     bytes.Buffer // a compressed file that cannot be read from its beginning again
	out    bytes.Buffer
	packed bufio.Reader
	unpack Unpacker

	large    *largeRoom // shared with other decoders; nil for one alone
	hasLarge bool       // out is the room's
}

// largeRoom is the one buffer for images of more than largeImage bytes that
// decoders of several goroutines share: one at a time has such an image.
type largeRoom struct {
	mu  sync.Mutex
	buf []byte
}

const (
	// keptBuffer bounds what a decoder keeps for the next file, in bytes. A few
	// modules are twenty times the size of most.
	keptBuffer = 4 << 20
	// largeImage is the size in bytes up to which an image is kept while its
	// size is not known, and any number of workers may have one.
	largeImage = 16 << 20
	// packedTail is how much of the end of a compressed file is looked at for
	// the size, in bytes. The index of an .xz file has some ten bytes a block.
	packedTail = 16 << 10
)

// image reads r to its end and decompresses it. The result is valid until the
// next call of image or free.
func (d *imageDecoder) image(r io.Reader, limit int64) ([]byte, error) {
	d.free()
	var head [32]byte
	n, err := io.ReadFull(r, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	kind := compressionOf(head[:n])
	at, size := randomAccess(r)
	if kind == "" && at == nil {
		if n >= longestMagic && !bytes.HasPrefix(head[:n], []byte(elfMagic)) {
			return nil, &NotELFError{"not an ELF file"} // a device goes on for ever
		}
		d.out.Write(head[:n])
		if err := readStream(&d.out, r, limit); err != nil {
			return nil, err
		}
		return d.out.Bytes(), nil
	}
	if kind == "" {
		if err := d.reserve(size, limit); err != nil {
			return nil, err
		}
		d.out.Write(head[:n])
		if err := readBounded(&d.out, r, limit); err != nil {
			return nil, err
		}
		return d.out.Bytes(), nil
	}
	if at == nil {
		d.in.Write(head[:n])
		if err := readStream(&d.in, r, limit); err != nil {
			return nil, err
		}
		at, size = bytes.NewReader(d.in.Bytes()), int64(d.in.Len())
	}
	if err := d.decode(kind, at, size, limit); err != nil {
		var reading *fs.PathError
		if errors.Is(err, kernel.ErrDamaged) || errors.As(err, &reading) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s: %s", kernel.ErrDamaged, kind, strings.TrimPrefix(err.Error(), kind+": "))
	}
	return d.out.Bytes(), nil
}

// free gives back what the last image took beyond what is kept for the next.
func (d *imageDecoder) free() {
	for _, b := range []*bytes.Buffer{&d.in, &d.out} {
		if b.Reset(); b.Cap() > keptBuffer {
			*b = bytes.Buffer{}
		}
	}
	if d.hasLarge {
		d.hasLarge, d.unpack = false, nil // with the window that it needed
		d.large.mu.Unlock()
	}
}

// reserve makes room in an empty out for an image of size bytes; 0 for a size
// that is not known. One that is larger than limit is an error.
func (d *imageDecoder) reserve(size, limit int64) error {
	switch {
	case size > limit:
		return tooLarge(limit)
	case size <= largeImage:
		d.out.Grow(int(size) + bytes.MinRead)
		return nil
	}
	if d.large == nil {
		d.large = &largeRoom{}
	}
	if !d.hasLarge {
		d.large.mu.Lock()
		d.hasLarge = true
	}
	if room := int(size) + bytes.MinRead; cap(d.large.buf) < room {
		if d.large.buf != nil {
			d.large.buf = nil
			d.out = bytes.Buffer{}
			if u, err := d.unpacker(); err == nil {
				u.FreeMemory() // before twice as much is in use
			}
		}
		d.large.buf = make([]byte, 0, room)
	}
	d.out = *bytes.NewBuffer(d.large.buf)
	return nil
}

// decode decompresses a file of size bytes into out. A file that does not say
// its size, or says an unlikely one, is decompressed twice when it turns out
// to be large: then its size is known, and the buffer is made once.
func (d *imageDecoder) decode(kind string, file io.ReaderAt, size, limit int64) error {
	u, err := d.unpacker()
	if err != nil {
		return err
	}
	claim, likely := sizeClaim(u, kind, file, size)
	switch {
	case claim <= uint64(limit):
	case kind == "gzip": // what is at its end is something else where it was cut off
		claim, likely = 0, false
	default:
		return tooLarge(limit)
	}
	known := int64(0)
	if likely {
		known = int64(claim)
	}
	for {
		if err := d.reserve(known, limit); err != nil {
			return err
		}
		d.packed.Reset(io.NewSectionReader(file, 0, size))
		r, err := u.Open(kind, &d.packed)
		if err != nil {
			return err
		}
		most := min(limit, max(known, largeImage))
		if err = readBounded(&d.out, r, most); err == nil || !isTooLarge(err) || most == limit {
			return err
		}
		more, err := io.Copy(io.Discard, io.LimitReader(r, limit-most))
		if err != nil {
			return err
		}
		known = most + 1 + more
		d.out.Reset()
	}
}

// randomAccess is r as a file of which every part can be read, and its size in
// bytes; nil for a pipe.
func randomAccess(r io.Reader) (io.ReaderAt, int64) {
	at, ok := r.(io.ReaderAt)
	if !ok {
		return nil, 0
	}
	switch f := r.(type) {
	case fs.File:
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
			return at, st.Size()
		}
	case interface{ Size() int64 }:
		return at, f.Size()
	}
	return nil, 0
}

// tooLarge is damage, since no module is as large: more than so many bytes.
type tooLarge int64

func (e tooLarge) Error() string {
	return fmt.Sprintf("%v: more than %d bytes", kernel.ErrDamaged, int64(e))
}
func (tooLarge) Unwrap() error { return kernel.ErrDamaged }

func isTooLarge(err error) bool { return errors.As(err, new(tooLarge)) }

// readStream is readBounded for what does not say its size, such as a pipe. A
// buffer that doubles would hold three times as much at last: one that
// has become large gets room for all that may come, of which the system gives
// memory only to what is written.
func readStream(b *bytes.Buffer, r io.Reader, limit int64) error {
	most := min(limit, largeImage)
	err := readBounded(b, r, most)
	if most == limit || !isTooLarge(err) {
		return err
	}
	all := make([]byte, b.Len(), limit+1+bytes.MinRead)
	copy(all, b.Bytes())
	*b = *bytes.NewBuffer(all)
	return readBounded(b, r, limit)
}

// readBounded appends to b what r has, up to limit bytes in b, and refuses
// more. The buffer grows with what really arrives.
func readBounded(b *bytes.Buffer, r io.Reader, limit int64) error {
	_, err := b.ReadFrom(io.LimitReader(r, limit+1-int64(b.Len())))
	if err != nil {
		return err
	}
	if int64(b.Len()) > limit {
		return tooLarge(limit)
	}
	return nil
}
