package kmod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// counting is an Unpacker that says what its decoders handed out.
type counting struct {
	Unpacker
	opens int
	given int64
}

func (c *counting) Open(kind string, r io.Reader) (io.Reader, error) {
	c.opens++
	r, err := c.Unpacker.Open(kind, r)
	return &givenReader{c, r}, err
}

type givenReader struct {
	c *counting
	r io.Reader
}

func (r *givenReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.c.given += int64(n)
	return n, err
}

// withFollower adds a second stream with little in it: what an end like that
// says of the size is too small.
func withFollower(t *testing.T, kind string, file []byte) []byte {
	return append(bytes.Clone(file), compressAs(t, kind, []byte("end"))...)
}

// TestBombMemory gives the decoder small files that hold far more than the
// limit. What says its size is refused before anything is decompressed; of what
// does not no more than the limit is, and little of it kept.
func TestBombMemory(t *testing.T) {
	const limit = 2*largeImage + largeImage/2
	for _, kind := range []string{"gzip", "xz", "zstd"} {
		honest := compressAs(t, kind, make([]byte, limit+1))
		for name, file := range map[string][]byte{"honest": honest, "with a follower": withFollower(t, kind, honest)} {
			c := &counting{Unpacker: newUnpacker()}
			d := imageDecoder{unpack: c}
			_, err := d.image(bytes.NewReader(file), limit)
			if !isTooLarge(err) || !errors.Is(err, kernel.ErrDamaged) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
			most := int64(limit + 1)
			if name == "honest" && kind == "xz" { // zstd's stream does not say, and of gzip's it may be something else
				most = 0
			}
			if c.given > most || c.opens > 1 {
				t.Errorf("%s, %s: %d bytes decompressed in %d passes, want at most %d in one", kind, name, c.given, c.opens, most)
			}
			if n := d.out.Cap(); n >= limit {
				t.Errorf("%s, %s: a buffer of %d bytes", kind, name, n)
			}
		}
	}
}

// TestLargeImage reads a large image that does not say so: its buffer is made
// once, of its size, and two decoders have the same.
func TestLargeImage(t *testing.T) {
	want := make([]byte, largeImage+12345)
	for i := 0; i < len(want); i += 1 << 16 {
		binary.LittleEndian.PutUint32(want[i:], uint32(i))
	}
	var large largeRoom
	for _, kind := range []string{"gzip", "xz", "zstd"} {
		file := compressAs(t, kind, want[:len(want)-3])
		file = withFollower(t, kind, file)
		copy(want[len(want)-3:], "end")
		for _, r := range []io.Reader{bytes.NewReader(file), io.MultiReader(bytes.NewReader(file))} {
			c := &counting{Unpacker: newUnpacker()}
			d := imageDecoder{unpack: c, large: &large}
			got, err := d.image(r, MaxImage)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes, %v", kind, len(got), err)
			}
			if cap(got) > len(want)+2*bytes.MinRead || &got[0] != &large.buf[:1][0] {
				t.Errorf("%s: a buffer of %d bytes for %d, the shared one has %d", kind, cap(got), len(want), cap(large.buf))
			}
			if c.opens > 2 || c.given > 2*int64(len(want)) {
				t.Errorf("%s: %d bytes decompressed in %d passes", kind, c.given, c.opens)
			}
			if large.mu.TryLock() {
				t.Errorf("%s: the room is free while its image is in use", kind)
			}
			d.free()
			if !large.mu.TryLock() {
				t.Fatalf("%s: the room is not given back", kind)
			}
			large.mu.Unlock()
		}
	}
}

// TestWorkersGiveRoomBack has readers of one room read large modules by turns.
func TestWorkersGiveRoomBack(t *testing.T) {
	file := compressAs(t, "gzip", append(tinyModule{info: []string{"name=x"}}.image(), make([]byte, largeImage)...))
	dir := t.TempDir()
	writeTreeFile(t, dir, "x.ko.gz", file)
	readers := InfoReaders(2)
	for i := range 4 {
		if facts, err := readers[i%2].Read(dir + "/x.ko.gz"); err != nil || len(facts.Info) == 0 {
			t.Fatal(facts, err)
		}
	}
	if n := cap(readers[0].w.decoder.large.buf); n <= largeImage {
		t.Errorf("the shared buffer has %d bytes: it was not used", n)
	}
}

// TestUnreadableCompressed tells a disk that fails from a file that is damaged.
func TestUnreadableCompressed(t *testing.T) {
	for _, kind := range []string{"gzip", "xz", "zstd"} {
		file := compressAs(t, kind, tinyModule{}.image())
		var d imageDecoder
		_, err := d.image(&failing{*bytes.NewReader(file)}, MaxImage)
		if !errors.Is(err, syscall.EIO) || errors.Is(err, kernel.ErrDamaged) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// failing reads its beginning and no more.
type failing struct{ bytes.Reader }

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	n, _ := f.Reader.ReadAt(p[:min(len(p), 40)], off)
	return n, &fs.PathError{Op: "read", Path: "x.ko", Err: syscall.EIO}
}
