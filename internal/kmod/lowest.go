package kmod

// lowest is numbers of which the lowest is at hand: a heap.
type lowest []int

func (l *lowest) add(n int) {
	*l = append(*l, n)
	h := *l
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up] <= h[i] {
			return
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

// take removes the lowest; there is one.
func (l *lowest) take() int {
	h := *l
	n, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*l = h
	for i := 0; ; {
		low := i
		for _, down := range [...]int{2*i + 1, 2*i + 2} {
			if down < last && h[down] < h[low] {
				low = down
			}
		}
		if low == i {
			return n
		}
		h[low], h[i] = h[i], h[low]
		i = low
	}
}
