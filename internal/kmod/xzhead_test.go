package kmod

import (
	"encoding/hex"
	"testing"
)

// TestXzHead reads the heads of files that xz(1) made.
func TestXzHead(t *testing.T) {
	for _, test := range []struct {
		how, head string
		dict      uint64
		refused   bool
	}{
		{"--check=crc32 --lzma2=dict=1MiB", "fd377a585a0000016922de360200210110000000a8708e86", 1 << 20, false},
		{"default: CRC64, 8 MiB", "fd377a585a000004e6d6b4460200210116000000742fe5a3", 8 << 20, true},
		{"--check=none", "fd377a585a000000ff12d9410200210116000000742fe5a3", 8 << 20, false},
		{"--check=sha256", "fd377a585a00000ae1fb0ca10200210116000000742fe5a3", 8 << 20, true},
		{"an unknown filter before", "fd377a585a0000016922de3603013f002101100000000000000000000000", 1 << 20, true},
	} {
		b, err := hex.DecodeString(test.head)
		if err != nil {
			t.Fatal(err)
		}
		h, err := ParseXzHead(b)
		if err != nil || h.Dictionary != test.dict || (h.Refused() != "") != test.refused {
			t.Errorf("%s: %+v, %q, %v", test.how, h, h.Refused(), err)
		}
	}
}

func FuzzXzHead(f *testing.F) {
	f.Add([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseXzHead(b)
		if err == nil && h.Check == "" {
			t.Fatal("a stream without a check")
		}
		h.Refused()
	})
}
