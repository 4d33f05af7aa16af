package sim

import "math/bits"

// A Part is one number of an image: what a step depended on, or changed.
type Part uint16

// The parts. Those of a thread are threadParts apart, by key.
const (
	partSleeping Part = 128
	partLines    Part = partSleeping + 64
	partNow      Part = partLines + 2
	partThreads  Part = 200
	threadParts       = 6
)

// Get returns a part.
func (im *Image) Get(p Part) uint64 {
	switch {
	case p < partSleeping:
		return im.Values[p]
	case p < partLines:
		return im.Sleeping[p-partSleeping]
	case p < partNow:
		return im.Lines[p-partLines]
	case p == partNow:
		return uint64(im.Now)
	}
	t := &im.Threads[(p-partThreads)/threadParts]
	switch (p - partThreads) % threadParts {
	case 0:
		return t.digest()
	case 1:
		return t.Told
	case 2:
		return uint64(t.Deadline)
	case 3:
		return t.History
	case 4:
		return t.Class
	}
	return uint64(t.Root)
}

// Set changes a part.
func (im *Image) Set(p Part, v uint64) {
	switch {
	case p < partSleeping:
		im.Digest += mix(uint64(p), v) - mix(uint64(p), im.Values[p])
		im.Values[p] = v
		return
	case p < partLines:
		im.Sleeping[p-partSleeping] = v
		return
	case p < partNow:
		im.Lines[p-partLines] = v
		return
	case p == partNow:
		im.Now = int64(v)
		return
	}
	t := &im.Threads[(p-partThreads)/threadParts]
	switch (p - partThreads) % threadParts {
	case 0:
		t.ThreadWord = wordOf(v)
	case 1:
		t.Told = v
	case 2:
		t.Deadline = int64(v)
	case 3:
		t.History = v
	case 4:
		t.Class = v
	default:
		t.Root = int8(v)
	}
}

// Changes appends the parts in which two images differ, but for the order of
// the threads.
func (im *Image) Changes(after *Image, list []Part) []Part {
	for p := range partThreads {
		if p <= partNow && im.Get(p) != after.Get(p) {
			list = append(list, p)
		}
	}
	for k := range im.Threads {
		if im.Threads[k] != after.Threads[k] {
			for i := range Part(threadParts) {
				if p := partThreads + threadParts*Part(k) + i; im.Get(p) != after.Get(p) {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// Needs appends the parts that a step of the thread with the given key had to
// go by, the thread's history left out.
func (f *Footprint) Needs(a *Asked, key int, list []Part) []Part {
	for i := range f.Reads {
		for set := f.Reads[i] | f.Writes[i]; set != 0; set &= set - 1 {
			list = append(list, Part(64*i+bits.TrailingZeros64(set)))
		}
	}
	for set := a.Counts; set != 0; set &= set - 1 {
		list = append(list, Part(bits.TrailingZeros64(set)))
	}
	for set := a.Refs; set != 0; set &= set - 1 {
		list = append(list, Part(resRefs+bits.TrailingZeros32(set)))
	}
	for set := a.Queues; set != 0; set &= set - 1 {
		bit := bits.TrailingZeros64(set)
		list = append(list, partSleeping+Part(bit))
		switch bit {
		case bitMutex:
			list = append(list, partLines)
		case bitPermits:
			list = append(list, partLines+1)
		}
	}
	for set := a.Threads&(1<<MaxKeys-1) | 1<<key; set != 0; set &= set - 1 {
		p := partThreads + threadParts*Part(bits.TrailingZeros32(set))
		list = append(list, p, p+1, p+2)
	}
	if a.Clock {
		list = append(list, partNow)
	}
	return list
}

// OfHistory says whether a part is a thread's history, or who it is.
func OfHistory(p Part) bool { return p >= partThreads && (p-partThreads)%threadParts >= 3 }
