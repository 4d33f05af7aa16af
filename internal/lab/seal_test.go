package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestSeal finds every kind of damage, and none where there is none.
func TestSeal(t *testing.T) {
	for _, size := range []int{0, 1, 5000, 1 << 20} {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, bytes.Repeat([]byte{7}, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := seal(path); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := checkSeal(path, true); err != nil || n != int64(size) {
			t.Errorf("%d bytes are %d: %v", size, n, err)
		}
		for name, change := range map[string]func(b []byte) []byte{
			"a bit":         func(b []byte) []byte { b[size/2] ^= 1; return b },
			"cut off":       func(b []byte) []byte { return b[:len(b)-1] },
			"only its end":  func(b []byte) []byte { return b[size:] },
			"longer":        func(b []byte) []byte { return append(b, 0) },
			"a page longer": func(b []byte) []byte { return append(b[:size:size], append(make([]byte, sealSize), b[size:]...)...) },
			"empty":         func(b []byte) []byte { return nil },
		} {
			if size == 0 && (name == "only its end" || name == "a bit") {
				continue
			}
			if err := os.WriteFile(path, change(bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := checkSeal(path, true)
			var damaged *damagedError
			if !errors.As(err, &damaged) || damaged.path != path {
				t.Errorf("%d bytes, %s: %v", size, name, err)
			}
			// All but a change in the middle is seen at a glance.
			if _, err := checkSeal(path, false); (err == nil) != (name == "a bit") {
				t.Errorf("%d bytes, %s, at a glance: %v", size, name, err)
			}
		}
	}
	if _, err := checkSeal(filepath.Join(t.TempDir(), "none"), true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
