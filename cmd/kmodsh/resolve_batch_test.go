package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/ops"
)

// batchOver is a batch over a tree of text indexes, and how often it was opened.
func batchOver(opened *atomic.Int32, dep string) *batch {
	files := fstest.MapFS{
		"modules.dep":   {Data: []byte(dep)},
		"modules.alias": {Data: []byte("alias fs-* all\n")},
	}
	return &batch{mode: ops.ModeNames, dir: "m", open: func() (*kmod.Resolver, error) {
		opened.Add(1)
		return kmod.NewResolver(kmod.NewTree(files, "m"), nil), nil
	}}
}

// TestBatchOrder gives many names to several workers: the answers are in the order
// of the names, and few names do not open the tree again.
func TestBatchOrder(t *testing.T) {
	for _, n := range []int{0, 1, batchPortion, 9*batchPortion + 7} {
		var in, want strings.Builder
		for i := range n {
			switch i % 3 {
			case 0:
				in.WriteString("all\n")
				want.WriteString("all\n")
			case 1:
				fmt.Fprintf(&in, "fs-%d\n", i)
				want.WriteString("all\n")
			default:
				fmt.Fprintf(&in, "none%d\n", i)
				want.WriteString("\n")
			}
		}
		var opened atomic.Int32
		var got bytes.Buffer
		if err := batchOver(&opened, "kernel/all.ko:\n").run(t.Context(), &got, strings.NewReader(in.String())); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%d names: the answers are not those of the names in their order", n)
		}
		if n <= batchPortion && opened.Load() != 1 {
			t.Errorf("%d names: the tree was opened %d times", n, opened.Load())
		}
	}
}

// TestBatchEnds: by a tree that is damaged, by a line that is none, and by the
// person while nobody writes to its input.
func TestBatchEnds(t *testing.T) {
	var opened atomic.Int32
	many := strings.Repeat("all\n", 3*batchPortion)
	if err := batchOver(&opened, "kernel/all.ko\n").run(t.Context(), io.Discard, strings.NewReader(many)); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("a damaged tree: %v", err)
	}
	if err := batchOver(&opened, "kernel/all.ko:\n").run(t.Context(), io.Discard, strings.NewReader(many+strings.Repeat("x", maxBatchName+1))); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long line: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	defer out.Close()
	go cancel()
	if err := batchOver(&opened, "kernel/all.ko:\n").run(ctx, io.Discard, in); !errors.Is(err, context.Canceled) {
		t.Errorf("ended by the person: %v", err)
	}
}
