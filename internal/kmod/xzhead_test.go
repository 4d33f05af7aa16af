package kmod

import (
	"encoding/hex"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"example.org/kmodsh/internal/kernel"
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

// TestXzDecompressedHere holds who unpacks a module file: a kernel that can,
// unless the file's head says that it would not, or it says so itself; then the
// loader, which says why.
func TestXzDecompressedHere(t *testing.T) {
	const ( // printf one.ko | xz, with --check=crc32 --lzma2=dict=1MiB and with what xz does by itself
		crc32 = "fd377a585a0000016922de360200210110000000a8708e860100056f6e652e6b6f0000007e774d0b00011a06c5eac8799042990d010000000001595a"
		crc64 = "fd377a585a000004e6d6b4460200210116000000742fe5a30100056f6e652e6b6f0000007957333f8860cd8f00011e06c12fa41d1fb6f37d010000000004595a"
	)
	for _, test := range []struct {
		what, file, compression string
		answer                  syscall.Errno // to finit_module
		calls                   string
		note                    string
	}{
		{"the kernel takes it", crc32, "xz", 0, "finit_module", ""},
		{"a check that it does not know", crc64, "xz", 0, "init_module", "decompressed here: its check is CRC64, and the kernel's own xz knows only CRC32"},
		{"it answers that it does not", crc32, "xz", syscall.EINVAL, "finit_module init_module", ""},
		{"the kernel unpacks nothing", crc64, "", 0, "init_module", ""},
		{"it unpacks another format", crc64, "zstd", 0, "init_module", ""},
		{"it has no finit_module", crc32, "xz", syscall.ENOSYS, "finit_module init_module", ""},
		{"a refusal that is about the module", crc32, "xz", syscall.ENODEV, "finit_module", ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			b, err := hex.DecodeString(test.file)
			if err != nil {
				t.Fatal(err)
			}
			k := &memKernel{dirs: map[string]bool{}, answers: map[string][]syscall.Errno{}, compression: test.compression}
			if test.answer != 0 {
				k.answers["one"] = []syscall.Errno{test.answer}
			}
			tree := NewTree(fstest.MapFS{"one.ko.xz": {Data: b}, "modules.dep": {Data: []byte("one.ko.xz:\n")}}, "TREE")
			l := &Loader{Kernel: k, Resolver: NewResolver(tree, nil)}
			res, err := l.Load(t.Context(), kernel.LoadRequest{Name: "one"})
			var calls []string
			for _, c := range k.calls {
				calls = append(calls, strings.Fields(c)[0])
			}
			if got := strings.Join(calls, " "); got != test.calls || (err != nil) != (test.answer == syscall.ENODEV) {
				t.Errorf("%s, %v; want %s", got, err, test.calls)
			}
			if got := res.Steps[0].Because; !strings.Contains(got, test.note) || test.note == "" && strings.Contains(got, "here") {
				t.Errorf("the step says %q", got)
			}
		})
	}
}
