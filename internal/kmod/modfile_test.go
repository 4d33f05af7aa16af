package kmod

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod/unpack"
)

func TestCompression(t *testing.T) {
	for name, want := range map[string]string{
		"a.ko": "", "dir/a.ko.xz": "xz", "a.ko.gz": "gzip", "a.ko.zst": "zstd", "a.xz": "", "": "", "ko.xz": "",
	} {
		if got := Compression(name); got != want {
			t.Errorf("Compression(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestModuleFileName(t *testing.T) {
	for base, want := range map[string]string{
		"snd-hda-intel.ko": "snd_hda_intel", "a.ko.xz": "a", "a.b.ko.zst": "a", "a_b.ko.gz": "a_b",
		".ko": "", ".x.ko": "", "a": "", "a.ko.bak": "", "a.ko.bz2": "", "": "",
	} {
		if got, ok := moduleFileName(base); got != want || ok != (want != "") {
			t.Errorf("moduleFileName(%q) = %q, %v, want %q", base, got, ok, want)
		}
	}
}

func TestOpenImage(t *testing.T) {
	image := bytes.Repeat(tinyModule{exports: []string{"a"}}.image(), 50)
	var d imageDecoder
	for _, kind := range []string{"", "gzip", "xz", "zstd"} {
		whole := compressAs(t, kind, image)
		// The second time the decoder is used again, after a damaged file.
		for range 2 {
			got, err := d.image(bytes.NewReader(whole), MaxImage)
			if err != nil || !bytes.Equal(got, image) {
				t.Fatalf("%q: %d bytes, %v", kind, len(got), err)
			}
			if kind == "" {
				continue
			}
			for _, n := range []int{len(whole) / 2, len(whole) - 1, 8} {
				if kind == "gzip" {
					break // TestCutGzip
				}
				if _, err := d.image(bytes.NewReader(whole[:n]), MaxImage); !errors.Is(err, kernel.ErrDamaged) {
					t.Errorf("%q cut to %d of %d bytes: %v", kind, n, len(whole), err)
				}
			}
			if _, err := d.image(bytes.NewReader(whole), int64(len(image)-1)); !errors.Is(err, kernel.ErrDamaged) {
				t.Errorf("%q: larger than the limit: %v", kind, err)
			}
			if got, err := d.image(bytes.NewReader(whole), int64(len(image))); err != nil || len(got) != len(image) {
				t.Errorf("%q: just the limit: %d bytes, %v", kind, len(got), err)
			}
		}
		bad := bytes.Clone(whole)
		bad[len(bad)-1]++
		fsys := fstest.MapFS{"x.ko": {Data: bad}}
		f, err := fsys.Open("x.ko")
		if err != nil {
			t.Fatal(err)
		}
		_, err = OpenImage(f, "kernel/x.ko.any")
		if kind != "" && (!errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "kernel/x.ko.any")) {
			t.Errorf("%q: error does not name the file: %v", kind, err)
		}
	}
}

func TestSizeClaim(t *testing.T) {
	random := make([]byte, 300_000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(random); i++ {
		random[i] = byte(r.Uint32())
	}
	sized, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"gzip": compressAs(t, "gzip", random),
		"xz":   compressAs(t, "xz", random),
		"zstd": sized.EncodeAll(random, nil), // the stream's has no size
	}
	claim := func(kind string, file []byte) (int, bool) {
		size, likely := sizeClaim(&unpack.Reader{}, kind, bytes.NewReader(file), int64(len(file)))
		return int(size), likely
	}
	for kind, file := range files {
		if got, likely := claim(kind, file); got != len(random) || !likely {
			t.Errorf("%s: %d bytes claimed, likely: %v, want %d", kind, got, likely, len(random))
		}
		if got, likely := claim(kind, compressAs(t, kind, make([]byte, 8<<20))); got != 0 && likely {
			t.Errorf("%s: %d bytes believed of a file that claims a thousand times its length", kind, got)
		}
		for n := range 20 {
			claim(kind, random[:n])
		}
	}
	if got, _ := claim("", random); got != 0 {
		t.Errorf("not compressed: %d bytes claimed", got)
	}
}

// TestDecoderMemory gives the decoders small files that claim, or hold, far
// more than the limit.
func TestDecoderMemory(t *testing.T) {
	zeros := make([]byte, 8<<20)
	for _, kind := range []string{"gzip", "xz", "zstd"} {
		file := compressAs(t, kind, zeros)
		var d imageDecoder
		if _, err := d.image(bytes.NewReader(file), 1<<20); !errors.Is(err, kernel.ErrDamaged) {
			t.Errorf("%s: %v", kind, err)
		}
		if n := d.out.Cap(); n > 8<<20 {
			t.Errorf("%s: a buffer of %d bytes for a limit of 1 MiB", kind, n)
		}
	}
	// A zstd frame that claims 2^40 bytes and a window as large.
	claim := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0}
	var d imageDecoder
	if _, err := d.image(bytes.NewReader(claim), MaxImage); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("claim: %v", err)
	}
}

// TestCutGzip: a file that was cut off holds what came before, as with kmod, and what
// stands at its end, where a size would stand, is none.
func TestCutGzip(t *testing.T) {
	random := make([]byte, 1<<20)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(random); i++ {
		random[i] = byte(r.Uint32())
	}
	file := compressAs(t, "gzip", random)
	var d imageDecoder
	cut := append(file[:1<<19:1<<19], 0xff, 0xff, 0xff, 0x3f) // a GiB, which half a MiB could hold
	if _, err := d.image(bytes.NewReader(cut), MaxImage); err != nil {
		t.Errorf("what looks like the length of a GiB: %v", err)
	}
	for name, c := range map[string]struct {
		file []byte
		most int // bytes of what the whole file holds that may be lost
	}{
		"without the length": {file[:len(file)-4], 0},
		"without the sum":    {file[:len(file)-8], 0},
		"in the data":        {file[:1<<19], len(random) - 1<<19 + 1<<10},
		"in the head":        {file[:9], len(random)},
		"before a follower":  {append(bytes.Clone(file), file[:5]...), 0},
	} {
		image, err := d.image(bytes.NewReader(c.file), MaxImage)
		if err != nil || !bytes.HasPrefix(random, image) || len(image) < len(random)-c.most {
			t.Errorf("cut off %s: %d bytes, %v", name, len(image), err)
		}
	}
	file[len(file)-8]++
	if _, err := d.image(bytes.NewReader(file), MaxImage); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("another sum: %v", err)
	}
}

func TestReadUnreadable(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := OpenImage(dir, "a directory"); err == nil || errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("reading a directory: %v, want an error that is not of damage", err)
	}
}
