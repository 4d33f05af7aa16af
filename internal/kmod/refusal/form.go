package refusal

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// formHead is how much of a compressed file is looked at, in bytes.
const formHead = 2048

// checkForm looks at how the file is compressed.
func (c *Checker) checkForm(f fs.File, file string) []Finding {
	r, ok := f.(io.ReaderAt)
	kind := kmod.Compression(file)
	if !ok || kind != "xz" && kind != "zstd" {
		return nil
	}
	b := make([]byte, formHead)
	n, _ := r.ReadAt(b, 0)
	if kind == "zstd" {
		return c.checkZstd(b[:n], file)
	}
	h, err := kmod.ParseXzHead(b[:n])
	if err != nil {
		return nil
	}
	out := Finding{What: WhatFile, State: Fits, Text: fmt.Sprintf("xz, check %s, dictionary %d KiB", h.Check, h.Dictionary>>10)}
	why := h.Refused()
	switch {
	case why == "":
	case c.System.Compression != "" && c.System.Compression != "xz":
		out.Text += "; this kernel decompresses " + c.System.Compression + " alone, and modprobe this one"
	default:
		out.State, out.Errno = Warned, "EINVAL"
		out.Text += ": " + why + ", so finit_module with the compressed file fails"
		if c.System.Compression == "" {
			out.Text += " on a kernel that decompresses (/sys/module/compression)"
		}
		out.Text += "; kmodsh decompresses it itself and uses init_module, kmod 31 to 34 do not"
		out.Mend = "compress it with: " + c.anew(file, "xz -d", "xz --check=crc32 --lzma2=dict=1MiB")
	}
	return []Finding{out}
}

// anew is the command that compresses a file in another way.
func (c *Checker) anew(file, unpack, pack string) string {
	if !strings.HasPrefix(file, "/") {
		file = c.Resolver.Tree().Path(file)
	}
	return fmt.Sprintf("%s %s && %s %s", unpack, file, pack, strings.TrimSuffix(strings.TrimSuffix(file, ".xz"), ".zst"))
}

// checkZstd looks for the size of the content in a frame's header (RFC 8878, 3.1.1.1:
// the descriptor is the fifth byte; its two upper bits say how long the size is, none
// where they are 0 and the bit of a single segment is, too). The kernel needs none
// (kernel/module/decompress.c, module_zstd_decompress); kmod asks for it where it
// decompresses itself (libkmod-file-zstd.c, kmod_file_load_zstd).
func (c *Checker) checkZstd(b []byte, file string) []Finding {
	const singleSegment = 1 << 5
	if len(b) < 5 || string(b[:4]) != "\x28\xb5\x2f\xfd" || b[4]>>6 != 0 || b[4]&singleSegment != 0 {
		return nil
	}
	if c.System.Compression == "zstd" {
		return nil
	}
	return []Finding{{
		What: WhatFile, State: Warned, Errno: "EINVAL",
		Text: "zstd, and the frame does not say how large the module is, as of zstd at the end of a pipe: where the kernel does not decompress it, kmod 34 refuses it (Failed to determine decompression size); kmodsh loads it",
		Mend: "compress it with: " + c.anew(file, "zstd -d --rm", "zstd --rm"),
	}}
}
