package kmod

import (
	"cmp"
	"slices"
	"strings"
)

// symbolBuckets is how many buckets kmod's table of symbols has (kmod 30 to 34,
// tools/depmod.c, depmod_init).
const symbolBuckets = 2048

// sortAsKmod brings the names of symbols into the order of kmod's
// modules.symbols. Who compares the files then finds them the same.
func sortAsKmod(names []string) {
	sortAsTable(names, symbolBuckets, func(name string) string { return name })
}

// sortAsTable brings a list into the order in which kmod goes over a hash table
// of it: that of the buckets, and in each that of the bytes (shared/hash.c).
func sortAsTable[T any](list []T, buckets uint32, name func(T) string) {
	type placed struct {
		bucket uint32
		name   string
		item   T
	}
	all := make([]placed, len(list)) // each hashed once
	for i, item := range list {
		n := name(item)
		all[i] = placed{superFastHash(n) % buckets, n, item}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), strings.Compare(a.name, b.name))
	})
	for i := range all {
		list[i] = all[i].item
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
