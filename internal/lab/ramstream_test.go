package lab

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// fakeStream writes what looks like a saved machine: devices, then memory, of
// which the pages with the given seeds (0: zeros) follow on each other.
func fakeStream(before int, seeds []uint64, behind int) []byte {
	return streamOf(before, seeds, behind, fakePage)
}

func streamOf(before int, seeds []uint64, behind int, page func(uint64) []byte) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	b := append([]byte("QEVM"), noise(before)...)
	for i, seed := range seeds {
		head := uint64(i) * pageSize
		switch {
		case seed == 0:
			b = binary.BigEndian.AppendUint64(b, head|ramZero|ramContinue)
			b = append(b, 0)
			continue
		case i == 0:
			b = binary.BigEndian.AppendUint64(b, head|ramPage)
			b = append(append(b, 6), "pc.ram"...)
		default:
			b = binary.BigEndian.AppendUint64(b, head|ramPage|ramContinue)
		}
		b = append(b, page(seed)...)
	}
	return append(b, noise(behind)...)
}

// fakePage is a page that compresses well and is no other seed's.
func fakePage(seed uint64) []byte {
	b := make([]byte, pageSize)
	for i := uint64(0); i < pageSize; i += 256 {
		binary.LittleEndian.PutUint64(b[i:], (seed+1)*0x9e3779b97f4a7c15^i)
	}
	return b
}

// noisePage is a page that does not compress.
func noisePage(seed uint64) []byte {
	b := make([]byte, pageSize)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := 0; i < pageSize; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

// roundTrip splits a stream and joins it again; it returns how many pages were
// kept, and how many of them are different.
func roundTrip(t interface{ Fatalf(string, ...any) }, stream []byte) (pages, different, recipe int) {
	var kept [][]byte
	index := map[string]uint32{}
	plan, length, err := splitStream(bytes.NewReader(stream), func(b []byte, at int64) (uint32, error) {
		if len(b) != pageSize || !bytes.Equal(b, stream[at:at+pageSize]) {
			t.Fatalf("a page of %d bytes is not what is at %d", len(b), at)
		}
		pages++
		n, ok := index[string(b)]
		if !ok {
			n = uint32(len(kept))
			index[string(b)] = n
			kept = append(kept, bytes.Clone(b))
		}
		return n, nil
	})
	if err != nil || length != int64(len(stream)) {
		t.Fatalf("of %d bytes %d were split: %v", len(stream), length, err)
	}
	var out bytes.Buffer
	err = joinStream(&out, plan, length, func(n uint32) ([]byte, error) { return kept[n], nil })
	if err != nil || !bytes.Equal(out.Bytes(), stream) {
		t.Fatalf("%d bytes became %d: %v", len(stream), out.Len(), err)
	}
	return pages, len(kept), len(plan)
}

// TestStream splits what QEMU writes into its pages: wherever they are, and
// with a recipe of a few bytes.
func TestStream(t *testing.T) {
	seeds := make([]uint64, 1000)
	for i := range seeds {
		if i%100 < 60 {
			seeds[i] = uint64(i + 1)
		}
	}
	for _, before := range []int{0, 1, 7, 100, 4095, 4096, 10000} {
		pages, different, recipe := roundTrip(t, fakeStream(before, seeds, 100))
		if pages < 600 || pages > 603 || different < 600 || recipe > 5000 {
			t.Errorf("%d bytes before: %d pages, %d different, recipe of %d bytes", before, pages, different, recipe)
		}
	}
	if pages, different, _ := roundTrip(t, fakeStream(0, []uint64{5, 5, 5, 0, 5}, 0)); pages != 4 || different != 1 {
		t.Errorf("four times the same: %d pages, %d different", pages, different)
	}
}

// TestStreamAny gives back any stream, also one that only begins like QEMU's.
func TestStreamAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for range rapid.IntRange(0, 30).Draw(t, "parts") {
			switch rapid.IntRange(0, 3).Draw(t, "part") {
			case 0:
				b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")...)
			case 1:
				b = append(b, make([]byte, rapid.IntRange(0, 3*pageSize).Draw(t, "zeros"))...)
			case 2:
				flags := rapid.SampledFrom([]uint64{ramPage, ramZero, ramPage | ramContinue, ramZero | ramContinue, 0x10}).Draw(t, "flags")
				b = binary.BigEndian.AppendUint64(b, rapid.Uint64Range(0, 1<<41).Draw(t, "address")&^ramFlags|flags)
				b = append(b, rapid.SampledFrom([]string{"", "\x00", "\x03ram", "\x01 "}).Draw(t, "name")...)
			case 3:
				b = append(b, fakePage(rapid.Uint64Range(0, 3).Draw(t, "page"))[:rapid.SampledFrom([]int{pageSize, pageSize - 1, 9}).Draw(t, "length")]...)
			}
		}
		roundTrip(t, b)
	})
}

// FuzzRecipe follows recipes of nobody's making: they end, with an error or
// with as many bytes as they have to give.
func FuzzRecipe(f *testing.F) {
	f.Add([]byte{stepLiteral, 2, 'a', 'b', stepZeros, 0, 3, stepPages, 2, 2, 1, stepPage, 0}, int64(100))
	f.Add([]byte{stepZeros, 0, 0xff, 0xff, 0xff, 0x7f}, int64(1000))
	page := make([]byte, pageSize)
	f.Fuzz(func(t *testing.T, recipe []byte, length int64) {
		var n countWriter
		err := joinStream(&n, recipe, min(length, 1<<20), func(uint32) ([]byte, error) { return page, nil })
		if err == nil && int64(n) != length || int64(n) > max(0, length) {
			t.Errorf("%d bytes of %d, %v", n, length, err)
		}
	})
}

// countWriter counts what is written to it.
type countWriter int64

func (c *countWriter) Write(b []byte) (int, error) { *c += countWriter(len(b)); return len(b), nil }

var _ io.Writer = (*countWriter)(nil)

// FuzzStream gives back any stream.
func FuzzStream(f *testing.F) {
	f.Add(fakeStream(3, []uint64{1, 0, 2, 2}, 5))
	f.Add([]byte("QEVM"))
	f.Fuzz(func(t *testing.T, b []byte) { roundTrip(t, b) })
}
