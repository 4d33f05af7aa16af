package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
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

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
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
