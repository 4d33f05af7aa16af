package kmod

import (
	"container/heap"
	"sort"
)

// lowest is numbers of which the lowest is at hand, a heap.Interface.
type lowest struct{ sort.IntSlice }

func (l *lowest) Push(n any) { l.IntSlice = append(l.IntSlice, n.(int)) }

func (l *lowest) Pop() any {
	last := l.Len() - 1
	n := l.IntSlice[last]
	l.IntSlice = l.IntSlice[:last]
	return n
}

func (l *lowest) add(n int) { heap.Push(l, n) }

// take removes the lowest; there is one.
func (l *lowest) take() int { return heap.Pop(l).(int) }
