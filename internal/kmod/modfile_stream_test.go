package kmod

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// endless is a device that has no end; read counts what was taken of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += int64(len(p))
	return len(p), nil
}

// TestStreamThatIsNoModule reads little of a stream that does not begin as a
// module does, and no more than the limit of one that does.
func TestStreamThatIsNoModule(t *testing.T) {
	for _, c := range []struct {
		head  string
		limit int64
		most  int64
		want  string
	}{
		{"", MaxImage, 4096, "not an ELF file"},
		{"#!/bin/sh\n", MaxImage, 4096, "not an ELF file"},
		{elfMagic, 1 << 20, 2 << 20, "more than 1048576 bytes"},
		{elfMagic, 2 * largeImage, 2*largeImage + 4096, "more than"},
	} {
		var rest endless
		var d imageDecoder
		_, err := d.image(io.MultiReader(strings.NewReader(c.head), &rest), c.limit)
		if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), c.want) || rest.read > c.most {
			t.Errorf("%q: %v after %d bytes, want %q after at most %d", c.head, err, rest.read, c.want, c.most)
		}
	}
}

// TestStreamIsRead reads a small and a large image from pipes, whole.
func TestStreamIsRead(t *testing.T) {
	small := tinyModule{info: []string{"name=x"}}.image()
	for name, want := range map[string][]byte{"empty": {}, "short": []byte("x"), "small": small, "large": append(bytes.Clone(small), bytes.Repeat([]byte("text"), largeImage/3)...)} {
		for _, kind := range []string{"", "gzip"} {
			var d imageDecoder
			got, err := d.image(io.MultiReader(bytes.NewReader(compressAs(t, kind, want))), MaxImage)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s %s: %d bytes of %d, %v", name, kind, len(got), len(want), err)
			}
		}
	}
}
