package lab

import (
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// past is the checkpoints of one target, in the order of their positions. Its
// zero value has none.
type past struct {
	mu   sync.Mutex
	pool *pool
	list []*checkpoint
}

// pool is the directory in which checkpoints are: those of a target and of the
// targets forked from it. It goes with the last of them.
type pool struct {
	dir *TempDir

	mu    sync.Mutex
	users int
}

// image is a saved machine.
type image struct {
	path string
	refs atomic.Int32
}

func isDamaged(error) bool { return false }

func (p *past) open(c *Cache) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool != nil {
		return nil
	}
	dir, err := c.TempDir("past")
	if err != nil {
		return err
	}
	p.pool = &pool{dir: dir, users: 1}
	return os.Chmod(dir.Path, 0o700)
}

func (p *past) save(ctx context.Context, v *vm, still func()) (*image, error) {
	f, err := os.CreateTemp(p.pool.dir.Path, "image-")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := v.write(ctx, f, still); err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	im := &image{path: f.Name()}
	im.refs.Store(1)
	return im, nil
}

func (p *past) add(cp *checkpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, found := slices.BinarySearchFunc(p.list, cp.pos, func(c *checkpoint, pos int) int { return c.pos - pos })
	if found {
		p.list[i].image.drop()
		p.list[i] = cp
		return
	}
	p.list = slices.Insert(p.list, i, cp)
}

func (im *image) drop() {
	if im.refs.Add(-1) == 0 {
		os.Remove(im.path)
	}
}

func (p *past) find(pos int) *checkpoint {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.list) - 1; i >= 0; i-- {
		if p.list[i].pos <= pos {
			return p.list[i]
		}
	}
	return nil
}

func (p *past) load(ctx context.Context, v *vm, cp *checkpoint) error {
	f, err := os.Open(cp.image.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return v.loadFile(ctx, f)
}

func (p *past) share(q *past, pos int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pool.mu.Lock()
	p.pool.users++
	p.pool.mu.Unlock()
	q.pool = p.pool
	for _, cp := range p.list {
		if cp.pos <= pos {
			cp.image.refs.Add(1)
			c := *cp
			q.list = append(q.list, &c)
		}
	}
}

func (p *past) pin(pos int, on bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cp := range p.list {
		if cp.pos == pos {
			cp.pinned = on
			return true
		}
	}
	return false
}

func (p *past) forget(pos int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.list) > 0 && p.list[len(p.list)-1].pos >= pos {
		p.list[len(p.list)-1].image.drop()
		p.list = p.list[:len(p.list)-1]
	}
}

func (p *past) close() error {
	p.forget(0)
	p.mu.Lock()
	defer p.mu.Unlock()
	pool := p.pool
	if pool == nil {
		return nil
	}
	p.pool = nil
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if pool.users--; pool.users > 0 {
		return nil
	}
	return pool.dir.Close()
}
