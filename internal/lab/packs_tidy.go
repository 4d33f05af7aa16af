package lab

import (
	"bytes"
)

// tidy writes what is still referred to out of packs that have mostly what is
// not, and removes those. others are the records besides pages, which are told
// their new places.
func (p *packs) tidy(others []*place) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, f := range p.files {
		if f.live*2 > f.size || n == p.last && f.size < readAhead/4 {
			continue
		}
		if n == p.last {
			p.last = 0 // another is begun
		}
		move := func(r *place) error {
			if r.pack != n {
				return nil
			}
			b, _, err := p.read(*r)
			if err != nil {
				return err
			}
			to, err := p.append(bytes.Clone(b))
			if err == nil {
				f.live -= int64(r.size)
				*r = to
			}
			return err
		}
		for i := range p.pages {
			if p.pages[i].refs > 0 {
				if err := move(&p.pages[i].place); err != nil {
					return err
				}
			}
		}
		for _, r := range others {
			if err := move(r); err != nil {
				return err
			}
		}
		p.remove(n)
	}
	return nil
}

// name returns the file that a record is in.
func (p *packs) name(r place) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.files[r.pack]; f != nil {
		return f.file.Name()
	}
	return p.dir
}

// bytes returns how much the files take.
func (p *packs) bytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var n int64
	if p.base != nil {
		if st, err := p.base.Stat(); err == nil {
			n = st.Size()
		}
	}
	for _, f := range p.files {
		n += f.size
	}
	return n
}

// close closes the files; they go with their directory.
func (p *packs) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.base != nil {
		p.base.Close()
	}
	for _, f := range p.files {
		f.file.Close()
	}
	p.enc.Close()
	p.dec.Close()
}
