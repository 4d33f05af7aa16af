package lab

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// Offsets of the payload's place in a bzImage's setup header, boot protocol
// 2.08 (Documentation/arch/x86/boot.rst of Linux 6.12). It counts from the end
// of the setup code.
const (
	offPayload       = 0x248 // u32
	offPayloadLength = 0x24c // u32
)

// Bounds of an unpacked kernel and of its notes, in bytes. Debian's are 60 MB;
// one with all drivers built in has some 150 MB.
const (
	maxUnpacked = 512 << 20
	maxNotes    = 64 << 10
)

// errPacked says that a kernel's payload is in a form that is not unpacked
// here; such a kernel unpacks itself.
var errPacked = errors.New("packed in a way that kmodsh does not unpack")

// bootImage returns what QEMU shall start for the kernel image of b. A bzImage
// unpacks itself in the guest, which takes an emulated processor 1 to 5 s; so
// it is unpacked here, once, when the vmlinux inside can be started directly:
// by the PVH entry, which CONFIG_PVH gives it. Where it cannot, the image is
// started as it is.
func (c *Cache) bootImage(ctx context.Context, b Boot, p Progress) (string, error) {
	st, err := os.Stat(b.Image)
	if err != nil {
		return "", fmt.Errorf("kernel image: %w", err)
	}
	key := newFingerprint("vmlinux 1")
	// The image is in the cache and never changes; its time does, with use.
	key.add(b.Image, strconv.FormatInt(st.Size(), 10))
	name := b.Kernel.Release + "_" + key.key() + "-vmlinux"
	err = c.once(ctx, imagesDir, name, p, func(to string) error {
		p.step("vmlinux", 0, 0, b.Kernel.Release)
		return unpackKernel(ctx, b.Image, to)
	})
	switch {
	case err == nil:
		return c.path(imagesDir, name), nil
	case errors.Is(err, errPacked):
		return b.Image, nil
	}
	return "", fmt.Errorf("unpacking the kernel %s: %w", b.Image, err)
}

// unpackKernel writes the vmlinux inside the bzImage at path to a new file.
// The error wraps errPacked when there is none that PVH can start.
func unpackKernel(ctx context.Context, path, to string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	payload, err := openPayload(in)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	n, err := copyContext(ctx, out, io.LimitReader(payload, maxUnpacked+1))
	var write *os.PathError
	switch {
	case errors.As(err, &write) || ctx.Err() != nil:
		return err // the writing failed
	case err != nil:
		return fmt.Errorf("%w: %v", errPacked, err)
	case n > maxUnpacked:
		return fmt.Errorf("%w: more than %d bytes", errPacked, maxUnpacked)
	}
	if !hasPVH(out) {
		return fmt.Errorf("%w: no PVH entry", errPacked)
	}
	return nil
}

// openPayload returns a reader of the unpacked payload of a bzImage.
func openPayload(in io.ReaderAt) (io.Reader, error) {
	h := make([]byte, offPayloadLength+4)
	if _, err := in.ReadAt(h, 0); err != nil {
		return nil, fmt.Errorf("%w: %v", errPacked, err)
	}
	if _, err := bzImageHeader(h); err != nil {
		return nil, fmt.Errorf("%w: %v", errPacked, err)
	}
	sects := int64(h[offSetupSects])
	if sects == 0 {
		sects = 4
	}
	at := (sects+1)*512 + int64(binary.LittleEndian.Uint32(h[offPayload:]))
	length := int64(binary.LittleEndian.Uint32(h[offPayloadLength:]))
	if length < 16 || length > maxUnpacked {
		return nil, fmt.Errorf("%w: a payload of %d bytes", errPacked, length)
	}
	magic := make([]byte, 6)
	if _, err := in.ReadAt(magic, at); err != nil {
		return nil, fmt.Errorf("%w: %v", errPacked, err)
	}
	// All but gzip, which has it in its trailer, are followed by their
	// unpacked size in 4 bytes (size_append of scripts/Makefile.lib).
	packed := func(tail int64) *bufio.Reader {
		return bufio.NewReaderSize(io.NewSectionReader(in, at, length-tail), 256<<10)
	}
	var r io.Reader
	var err error
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		r, err = gzip.NewReader(packed(0))
	case bytes.HasPrefix(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		r, err = xz.NewReader(packed(4), 256<<20)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// The kernel's build uses windows of up to 128 MiB (zstd -22 --ultra).
		r, err = zstd.NewReader(packed(4), zstd.WithDecoderMaxWindow(256<<20), zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(1))
	case bytes.HasPrefix(magic, []byte("BZh")):
		r = bzip2.NewReader(packed(4))
	case bytes.HasPrefix(magic, []byte(elf.ELFMAG)):
		r = packed(4)
	default:
		return nil, fmt.Errorf("%w: it begins with % x", errPacked, magic)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errPacked, err)
	}
	return r, nil
}

// bzImageHeader checks that h begins like a bzImage that says where its
// payload is, and returns its boot protocol's version.
func bzImageHeader(h []byte) (int, error) {
	if len(h) < offPayloadLength+4 || binary.LittleEndian.Uint16(h[offBootFlag:]) != 0xaa55 || string(h[offMagic:offMagic+4]) != "HdrS" {
		return 0, errors.New("no bzImage")
	}
	v := int(binary.LittleEndian.Uint16(h[offVersion:]))
	if v < 0x208 {
		return v, fmt.Errorf("boot protocol %#x", v)
	}
	return v, nil
}

// notePVH is XEN_ELFNOTE_PHYS32_ENTRY of include/xen/interface/elfnote.h, the
// note by which QEMU finds the PVH entry.
const notePVH = 18

// hasPVH says whether the kernel has a PVH entry.
func hasPVH(r io.ReaderAt) bool {
	f, err := elf.NewFile(r)
	if err != nil || f.Machine != elf.EM_X86_64 {
		return false
	}
	for _, prog := range f.Progs {
		if prog.Type != elf.PT_NOTE || prog.Filesz > maxNotes {
			continue
		}
		b := make([]byte, prog.Filesz)
		if _, err := io.ReadFull(prog.Open(), b); err == nil && findNote(b, "Xen", notePVH) {
			return true
		}
	}
	return false
}

// findNote looks for a note in a segment of notes (elf(5)): name size,
// description size and type in 32 bits each, then both padded to 4 bytes.
func findNote(b []byte, name string, kind uint32) bool {
	pad := func(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
	for len(b) >= 12 {
		u := binary.LittleEndian.Uint32
		nameLen, descLen, typ := u(b), u(b[4:]), u(b[8:])
		b = b[12:]
		if pad(nameLen)+pad(descLen) > uint64(len(b)) {
			return false
		}
		if typ == kind && string(bytes.TrimRight(b[:nameLen], "\x00")) == name {
			return true
		}
		b = b[pad(nameLen)+pad(descLen):]
	}
	return false
}

// copyContext copies until the end, or until ctx ends.
func copyContext(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	buf := make([]byte, 1<<20)
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return total, werr
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
