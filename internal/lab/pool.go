package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// defaultBudget is the disk space that checkpoints may take, in bytes.
	defaultBudget = 2 << 30
	// freeShare: they never take more than one part in this many of what the
	// disk would have free without them.
	freeShare = 4
	// imageGuess is how large the first machine may turn out to be, in bytes;
	// of the next it is known how large the one before was.
	imageGuess = 128 << 20
	// plainMost is how many images wait to be packed, each some 90 MB: who saves
	// faster than that waits.
	plainMost = 3
)

// pool holds the checkpoints of a target and of the targets forked from it, in
// a directory that goes with the last of them. A machine is saved as a plain
// file, for it stands still meanwhile. It is packed behind the person's back:
// most of its pages are those of other checkpoints, and are kept once.
type pool struct {
	budget int64

	mu     sync.Mutex
	dir    *TempDir // nil before the first checkpoint
	packs  *packs
	coder  recipeCoder
	pasts  map[*past]bool // that use it
	images map[*image]bool
	queue  []*image // that wait to be packed, or are being packed
	busy   bool     // somebody packs
	closed bool
	worker sync.WaitGroup
	failed error // why something could not be packed
	guess  int64 // size of the next image
	total  int64 // of all images as plain files
}

// image is a saved machine. What changes belongs to its pool's mutex.
type image struct {
	size int64  // of the plain stream, in bytes
	file string // the plain file, "" when there is none
	// Once it is packed:
	recipe place
	digest uint64 // of the recipe
	refs   int
	queued bool // it waits to be packed, or is being
	// settled is closed when it has been packed, or will not be.
	settled chan struct{}
}

func newPool(budget int64) *pool {
	return &pool{budget: budget, pasts: map[*past]bool{}, images: map[*image]bool{}, guess: imageGuess}
}

// open makes the directory, the first time.
func (p *pool) open(c *Cache) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("its checkpoints are closed")
	}
	if p.dir != nil {
		return nil
	}
	dir, err := c.TempDir("past")
	if err != nil {
		return err
	}
	if err = os.Chmod(dir.Path, 0o700); err == nil { // it is the guest's memory
		p.packs, err = newPacks(dir.Path)
	}
	if err != nil {
		dir.Close()
		return err
	}
	p.dir = dir
	return nil
}

// save has write make the plain file of a machine.
func (p *pool) save(ctx context.Context, write func(*os.File) error) (*image, error) {
	if err := p.makeRoom(ctx); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(p.dir.Path, "plain-")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var size int64
	if err = write(f); err == nil {
		size, err = f.Seek(0, io.SeekEnd)
	}
	if err != nil {
		os.Remove(f.Name())
		return nil, cacheError(p.dir.Path, err)
	}
	im := &image{size: size, file: f.Name(), refs: 1, queued: true, settled: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.guess = size
	p.total += size
	p.images[im] = true
	p.queue = append(p.queue, im)
	if !p.busy {
		p.busy = true
		p.worker.Go(p.work)
	}
	return im, nil
}

// work packs images until none waits.
func (p *pool) work() {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 || p.closed {
			p.busy = false
			p.mu.Unlock()
			return
		}
		im := p.queue[0]
		wanted := im.refs > 0
		p.mu.Unlock()
		var err error
		if wanted {
			err = p.pack(im)
		}
		p.mu.Lock()
		p.queue = p.queue[1:]
		im.queued = false
		if im.refs == 0 {
			p.removed(im)
		}
		if err != nil && p.failed == nil && !p.closed {
			p.failed = err
		}
		close(im.settled)
		p.mu.Unlock()
		p.tidy()
	}
}

var errPoolClosed = errors.New("closed")

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

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
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

// drop lets go of an image; it is removed when nobody wants it.
func (p *pool) drop(im *image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped(im)
}

func (p *pool) dropped(im *image) {
	if im.refs--; im.refs > 0 || p.closed {
		return
	}
	delete(p.images, im)
	p.total -= im.size
	if !im.queued { // else who packs it removes it
		p.removed(im)
	}
}

// removed removes what there is of an image.
func (p *pool) removed(im *image) {
	if im.file == "" {
		p.unpack(im)
	} else {
		os.Remove(im.file)
	}
}

// load brings an image into a QEMU that waits for it.
func (p *pool) load(ctx context.Context, v *vm, im *image) error {
	p.mu.Lock()
	var f *os.File
	var err error
	if im.file != "" {
		f, err = os.Open(im.file)
	}
	p.mu.Unlock()
	if err != nil {
		return &damagedError{im.file, err}
	}
	if f != nil {
		defer f.Close()
		if st, err := f.Stat(); err == nil && st.Size() != im.size {
			return &damagedError{f.Name(), fmt.Errorf("it has %d bytes, %d were written", st.Size(), im.size)}
		}
		return v.loadFile(ctx, f)
	}
	return v.loadFrom(ctx, func(w *os.File) error { return p.unpackTo(w, im) })
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

// tidy removes what nobody needs where that is much.
func (p *pool) tidy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	var recipes []*place
	for im := range p.images {
		if im.file == "" {
			recipes = append(recipes, &im.recipe)
		}
	}
	// What cannot be moved stays; who wants it will hear why.
	_ = p.packs.tidy(recipes)
}

// used returns the bytes that all of it takes on the disk.
func (p *pool) used() int64 {
	if p.dir == nil {
		return 0
	}
	n := p.packs.bytes()
	for im := range p.images {
		if im.file != "" {
			n += im.size
		}
	}
	return n
}

// makeRoom waits for the packing to keep up, and thins checkpoints out until
// another fits into the budget.
func (p *pool) makeRoom(ctx context.Context) error {
	for most := plainMost; ; most = 1 {
		if err := p.keepUp(ctx, most); err != nil {
			return err
		}
		room, want := p.room()
		if want <= room {
			return nil
		}
		if most == 1 {
			break
		}
	}
	for keep := keepAll / 2; ; keep /= 2 {
		p.mu.Lock()
		for past := range p.pasts {
			past.thin(keep)
		}
		p.mu.Unlock()
		p.tidy()
		room, want := p.room()
		if want <= room {
			return nil
		}
		if keep == 0 {
			return p.full(room, want)
		}
	}
}

// full says that there is no room.
func (p *pool) full(room, want int64) error {
	return fmt.Errorf("%w: a checkpoint needs %d MB, and there is room for %d MB; checkpoints may take %d MB, and a quarter of what is free where %s is; free some space there, or set %s to a directory with more",
		errNoSpace, want>>20, max(0, room)>>20, p.budget>>20, p.dir.Path, CacheEnv)
}

// room returns how much more checkpoints may take, and what the next will.
func (p *pool) room() (room, want int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	used := p.used()
	room = p.budget - used
	if free, err := freeSpace(p.dir.Path); err == nil {
		room = min(room, (used+free)/freeShare-used)
	}
	return room, p.guess
}

// keepUp waits until fewer than most images wait to be packed.
func (p *pool) keepUp(ctx context.Context, most int) error {
	for {
		p.mu.Lock()
		if len(p.queue) < most {
			p.mu.Unlock()
			return nil
		}
		next := p.queue[0].settled
		p.mu.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// usage says in one line what checkpoints there are, "" without any.
func (p *pool) usage() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.images) == 0 {
		return ""
	}
	s := fmt.Sprintf("%d, in %d MB (%d MB without sharing), room for %d MB", len(p.images), p.used()>>20, p.total>>20, p.budget>>20)
	if p.failed != nil {
		s += "; not all are packed: " + p.failed.Error()
	}
	return s
}

// leave ends one target's use of the pool. With the last all of it goes.
func (p *pool) leave(past *past) error {
	p.mu.Lock()
	delete(p.pasts, past)
	if len(p.pasts) > 0 {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	dir := p.dir
	p.mu.Unlock()
	p.worker.Wait()
	if dir == nil {
		return nil
	}
	p.packs.close()
	return dir.Close()
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
