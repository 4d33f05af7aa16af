package lab

import (
	"context"
	"fmt"
)

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
