package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// pack replaces the plain file of an image by pages and a recipe. When that
// fails the plain file stays.
func (p *pool) pack(im *image) error {
	f, err := os.Open(im.file)
	if err != nil {
		return err
	}
	first := !p.packs.hasBase()
	var refs []uint32
	recipe, length, err := splitStream(f, func(b []byte, at int64) (uint32, error) {
		if len(refs)%1024 == 0 && p.isClosed() {
			return 0, errPoolClosed
		}
		if !first {
			at = -1
		}
		n, err := p.packs.keep(b, at)
		if err == nil {
			refs = append(refs, n)
		}
		return n, err
	})
	if err == nil && length != im.size {
		err = &damagedError{im.file, fmt.Errorf("it has %d bytes, %d were written", length, im.size)}
	}
	if first && err == nil {
		p.packs.setBase(f)
	}
	if err == nil {
		err = p.packed(im, recipe)
	}
	switch {
	case err != nil:
		for _, n := range refs {
			p.packs.release(n)
		}
		if first {
			p.packs.setBase(nil)
		}
		f.Close()
	case !first:
		f.Close()
		os.Remove(f.Name())
	}
	return err
}

// packed notes that all pages of an image are kept, and keeps its recipe.
func (p *pool) packed(im *image, recipe []byte) error {
	written, err := p.coder.encode(recipe)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Nobody may tidy up between these two.
	if im.recipe, err = p.packs.put(written); err != nil {
		return err
	}
	im.digest, im.file = p.packs.digest(recipe)[0], ""
	return nil
}

// recipeOf reads a recipe. The caller holds the mutex.
func (p *pool) recipeOf(im *image) ([]byte, error) {
	b, err := p.packs.get(im.recipe)
	if err != nil {
		return nil, err
	}
	recipe, err := p.coder.decode(b)
	if err == nil && p.packs.digest(recipe)[0] != im.digest {
		err = errors.New("a recipe is not what was written")
	}
	if err != nil {
		return nil, &damagedError{p.packs.name(im.recipe), err}
	}
	return recipe, nil
}

// unpack lets go of the pages of an image. The caller holds the mutex.
func (p *pool) unpack(im *image) {
	if recipe, err := p.recipeOf(im); err == nil { // else they stay until the end
		eachStep(recipe, func(step byte, _ []byte, _, ref, n int64) error {
			if step == stepPages || step == stepPage {
				for i := range n {
					p.packs.release(uint32(ref + i))
				}
			}
			return nil
		})
	}
	p.packs.discard(im.recipe)
}

// unpackTo writes a packed image as it was.
func (p *pool) unpackTo(w io.Writer, im *image) error {
	p.mu.Lock()
	recipe, err := p.recipeOf(im)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	buf := make([]byte, 0, pageSize)
	return joinStream(w, recipe, im.size, func(n uint32) ([]byte, error) { return p.packs.page(n, buf) })
}

// recipeCoder compresses recipes: all but the first by what they have in
// common with the first.
type recipeCoder struct {
	mu  sync.Mutex
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func (c *recipeCoder) encode(recipe []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.enc == nil {
		if err := c.learn(recipe); err != nil {
			return nil, err
		}
	}
	return c.enc.EncodeAll(recipe, nil), nil
}

// learn makes a recipe the one that others are compared with.
func (c *recipeCoder) learn(recipe []byte) (err error) {
	const id = 1
	sample := append([]byte(nil), recipe[:min(len(recipe), 4<<20)]...)
	if c.enc, err = zstd.NewWriter(nil, zstd.WithEncoderDictRaw(id, sample), zstd.WithEncoderConcurrency(1)); err != nil {
		return err
	}
	c.dec, err = zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, sample), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(recordMax))
	return err
}

func (c *recipeCoder) decode(b []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dec == nil {
		return nil, errRecipe
	}
	return c.dec.DecodeAll(b, nil)
}
