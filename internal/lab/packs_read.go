package lab

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
)

// get returns what put wrote.
func (p *packs) get(r place) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, _, err := p.read(r)
	return bytes.Clone(b), err
}

// read returns the bytes of a record, valid until the next call. A part of a
// file that is missing is damage.
func (p *packs) read(r place) ([]byte, *os.File, error) {
	file := p.base
	if r.pack != 0 {
		f := p.files[r.pack]
		if f == nil {
			return nil, nil, errRecipe
		}
		file = f.file
	}
	if file == nil {
		return nil, nil, errRecipe
	}
	size := int64(r.size)
	if p.aheadOf != file || r.at < p.aheadAt || r.at+size > p.aheadAt+int64(len(p.ahead)) {
		want := int(max(size, readAhead))
		if cap(p.ahead) < want {
			p.ahead = make([]byte, want)
		}
		n, err := file.ReadAt(p.ahead[:want], r.at)
		p.ahead, p.aheadOf, p.aheadAt = p.ahead[:n], file, r.at
		if int64(n) < size {
			p.aheadOf = nil
			if err == nil || errors.Is(err, io.EOF) {
				err = &damagedError{file.Name(), fmt.Errorf("it ends at %d", r.at+int64(n))}
			}
			return nil, nil, err
		}
	}
	return p.ahead[r.at-p.aheadAt:][:size], file, nil
}

// page returns the content of a page, in buf if it has the room.
func (p *packs) page(n uint32, buf []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(n) >= len(p.pages) || p.pages[n].refs == 0 {
		return nil, errRecipe
	}
	pg := &p.pages[n]
	b, file, err := p.read(pg.place)
	if err != nil {
		return nil, err
	}
	if pg.pack == 0 {
		b = append(buf[:0], b...)
	} else if b, err = p.dec.DecodeAll(b, buf[:0]); err != nil {
		return nil, &damagedError{file.Name(), fmt.Errorf("page %d at %d: %w", n, pg.at, err)}
	}
	if maphash.Bytes(p.seeds[0], b) != pg.digest[0] { // half is enough to see damage
		return nil, &damagedError{file.Name(), fmt.Errorf("page %d at %d is not what was written", n, pg.at)}
	}
	return b, nil
}
