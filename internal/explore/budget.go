package explore

import (
	"errors"
	"reflect"
	"sync/atomic"

	"example.org/kmodsh/internal/sim"
)

// errMemory says that a search cannot even begin with the memory it may take.
var errMemory = errors.New("what is open of it is over the limit of memory")

// budget is the memory of a pass, for all its workers together: the table of
// states, the steps learned, the ends met, and the nodes of the paths. All but
// the nodes can be done without; so a part is kept for the nodes alone.
type budget struct {
	limit int64 // bytes
	used  atomic.Int64
}

// nodesKept is for how many nodes memory is kept that nothing else may take;
// where that is more than half of it, half.
const nodesKept = 1024

// Bytes of what else is kept. A place is in the model and in the workers'
// caches; an end, and a number of a footprint, are in a map.
var (
	nodeBytes  = int(reflect.TypeFor[node]().Size())
	moveBytes  = int(reflect.TypeFor[move]().Size())
	partBytes  = int(reflect.TypeFor[part]().Size())
	printBytes = 2 * int(reflect.TypeFor[sim.Footprint]().Size())
)

const (
	placeBytes = 96
	cacheBytes = 64
	endBytes   = 24
)

// take takes so many bytes for what can be done without, if there are as many.
func (b *budget) take(bytes int) bool { return b.within(bytes, b.common()) }

// common is how much of the limit is not for nodes alone.
func (b *budget) common() int64 { return b.limit - min(b.limit/2, nodesKept*int64(nodeBytes)) }

// takeNode takes what a node needs.
func (b *budget) takeNode() bool { return b.within(nodeBytes, b.limit) }

func (b *budget) within(bytes int, limit int64) bool {
	if b.used.Add(int64(bytes)) <= limit {
		return true
	}
	b.give(bytes)
	return false
}

// give gives bytes back.
func (b *budget) give(bytes int) { b.used.Add(-int64(bytes)) }
