package kmod

import (
	"slices"
	"strings"
)

// symbolBuckets is how many buckets kmod's table of symbols has (kmod 30 to 34,
// tools/depmod.c, depmod_init). modules.symbols has them in the order of that table:
// who compares the files then finds them the same.
const symbolBuckets = 2048

// sortAsTable brings a list into the order in which kmod goes over a hash table
// of it: that of the buckets, and in each that of the bytes (shared/hash.c).
func sortAsTable[T any](list []T, buckets uint32, name func(T) string) {
	if len(list) < 2 {
		return
	}
	hashed := make([]uint32, len(list))
	ends := make([]int, buckets)
	for i, item := range list {
		hashed[i] = superFastHash(name(item)) % buckets
		ends[hashed[i]]++
	}
	sum := 0
	for b, n := range ends {
		ends[b] = sum // where it begins; it grows as it is filled
		sum += n
	}
	sorted := make([]T, len(list))
	for i, item := range list {
		b := hashed[i]
		sorted[ends[b]] = item
		ends[b]++
	}
	copy(list, sorted)
	start := 0
	for _, end := range ends {
		if end-start > 1 {
			slices.SortFunc(list[start:end], func(a, b T) int { return strings.Compare(name(a), name(b)) })
		}
		start = end
	}
}

// superFastHash is Paul Hsieh's hash function, as published, with kmod's choice
// of the string's length as the first value (kmod, shared/hash.c).
func superFastHash(s string) uint32 {
	two := func(i int) uint32 { return uint32(s[i]) | uint32(s[i+1])<<8 }
	h := uint32(len(s))
	for ; len(s) >= 4; s = s[4:] {
		h += two(0)
		h = h<<16 ^ two(2)<<11 ^ h
		h += h >> 11
	}
	// A byte that is left over counts with its sign, as a C char does on x86.
	switch signed := func(i int) uint32 { return uint32(int8(s[i])) }; len(s) {
	case 3:
		h += two(0)
		h ^= h << 16
		h ^= signed(2) << 18
		h += h >> 11
	case 2:
		h += two(0)
		h ^= h << 11
		h += h >> 17
	case 1:
		h += signed(0)
		h ^= h << 10
		h += h >> 1
	}
	h ^= h << 3
	h += h >> 5
	h ^= h << 4
	h += h >> 17
	h ^= h << 25
	h += h >> 6
	return h
}
