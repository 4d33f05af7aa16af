package lab

import (
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// packSize is where a new pack is begun.
	packSize = 32 << 20
	// readAhead is how much of a file is read at once: what was kept together
	// is mostly wanted together.
	readAhead = 256 << 10
	// recordMax bounds a record: a recipe has some ten kilobytes.
	recordMax = 64 << 20
)

// digest tells pages apart, and a page from what became of it on the disk. It
// is keyed anew in every process, so no guest can make two pages that have the
// same.
type digest [2]uint64

// packs keeps pages and recipes in files: the pages of the first machine where
// they are in its own file, the base; all others compressed, one after the
// other. What nobody refers to any more goes with its pack, when that has
// mostly such.
//
// Its methods may be called from any goroutine; each is done in microseconds, so
// that who reads a machine and who writes one don't wait for each other.
type packs struct {
	dir   string
	seeds [2]maphash.Seed
	enc   *zstd.Encoder
	dec   *zstd.Decoder

	mu    sync.Mutex
	base  *os.File // nil before the first machine
	files map[uint32]*pack
	made  uint32 // how many packs there have been
	last  uint32 // pack that is written to, 0 is none

	pages []page
	free  []uint32 // numbers of pages that nobody refers to
	index map[digest]uint32

	compressed []byte // room to work in
	ahead      []byte // read ahead: of file aheadOf, from aheadAt
	aheadOf    *os.File
	aheadAt    int64
}

// page is where a page is. In the base it is as it was.
type page struct {
	digest digest
	place
	refs uint32 // recipes that need it
}

// place is where a record is in a pack, 0 is the base.
type place struct {
	pack uint32
	size uint32
	at   int64
}

// pack is a file with compressed records.
type pack struct {
	file *os.File
	size int64
	live int64 // bytes somebody refers to
}

func newPacks(dir string) (*packs, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(recordMax))
	if err != nil {
		return nil, err
	}
	return &packs{
		dir: dir, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, enc: enc, dec: dec,
		files: map[uint32]*pack{}, index: map[digest]uint32{},
	}, nil
}

func (p *packs) hasBase() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base != nil
}

// setBase makes a file the base, or none.
func (p *packs) setBase(f *os.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base, p.aheadOf = f, nil
}

func (p *packs) digest(b []byte) digest {
	return digest{maphash.Bytes(p.seeds[0], b), maphash.Bytes(p.seeds[1], b)}
}

// keep returns the number of a page with the content b, with one more reference
// to it. at is where it is in the base while that is being split, else -1.
func (p *packs) keep(b []byte, at int64) (uint32, error) {
	d := p.digest(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.index[d]; ok {
		p.pages[n].refs++
		return n, nil
	}
	r := place{size: pageSize, at: at}
	if at < 0 {
		var err error
		p.compressed = p.enc.EncodeAll(b, p.compressed[:0])
		if r, err = p.append(p.compressed); err != nil {
			return 0, err
		}
	}
	n := uint32(len(p.pages))
	if k := len(p.free); k > 0 {
		n, p.free = p.free[k-1], p.free[:k-1]
	} else {
		p.pages = append(p.pages, page{})
	}
	p.pages[n] = page{digest: d, place: r, refs: 1}
	p.index[d] = n
	return n, nil
}

// release takes back one reference.
func (p *packs) release(n uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(n) >= len(p.pages) || p.pages[n].refs == 0 {
		return
	}
	pg := &p.pages[n]
	if pg.refs--; pg.refs > 0 {
		return
	}
	delete(p.index, pg.digest)
	p.drop(pg.place)
	p.free = append(p.free, n)
}

// discard drops a record that is no page.
func (p *packs) discard(r place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(r)
}

// drop notes that nobody refers to a record any more.
func (p *packs) drop(r place) {
	f := p.files[r.pack]
	if f == nil {
		return // the base stays as it is
	}
	if f.live -= int64(r.size); f.live == 0 && r.pack != p.last {
		p.remove(r.pack)
	}
}

func (p *packs) remove(n uint32) {
	f := p.files[n]
	delete(p.files, n)
	if p.aheadOf == f.file {
		p.aheadOf = nil
	}
	f.file.Close()
	os.Remove(f.file.Name())
}

// put writes a record that is no page.
func (p *packs) put(b []byte) (place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.append(b)
}

// append writes a record.
func (p *packs) append(b []byte) (place, error) {
	f := p.files[p.last]
	if f == nil || f.size+int64(len(b)) > packSize {
		n := p.made + 1
		file, err := os.OpenFile(filepath.Join(p.dir, fmt.Sprintf("pages-%d", n)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return place{}, err
		}
		if f != nil && f.live == 0 {
			p.remove(p.last)
		}
		f = &pack{file: file}
		p.files[n], p.made, p.last = f, n, n
	}
	if _, err := f.file.WriteAt(b, f.size); err != nil {
		return place{}, err
	}
	r := place{pack: p.last, at: f.size, size: uint32(len(b))}
	f.size += int64(len(b))
	f.live += int64(len(b))
	return r, nil
}
