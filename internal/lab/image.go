package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.org/kmodsh/internal/kernel"
)

// Offsets in the setup header of a bzImage, by Documentation/arch/x86/boot.rst
// of Linux 6.12.
const (
	offSetupSects    = 0x1f1 // u8: 512-byte sectors of setup code, 0 means 4
	offBootFlag      = 0x1fe // u16: 0xaa55
	offMagic         = 0x202 // "HdrS"
	offVersion       = 0x206 // u16: boot protocol, 0x020c is 2.12
	offKernelVersion = 0x20e // u16: place of the version string, less 0x200
	offLoadFlags     = 0x211 // u8: bit 0, LOADED_HIGH, makes it a bzImage
	offXLoadFlags    = 0x236 // u16, since 2.12: bit 0, XLF_KERNEL_64
	setupHeaderEnd   = 0x238
	maxSetup         = (255 + 1) * 512
)

// maxVMLinux bounds how far into a vmlinux its version is looked for.
const maxVMLinux = 256 << 20

// ImageRelease reads the release out of a kernel image: the version string of
// a bzImage's setup header, or the "Linux version" banner of a vmlinux. The
// error wraps kernel.ErrDamaged when the file is neither.
func ImageRelease(path string) (string, error) {
	// Looked at before it is opened: to open a pipe waits for who writes it.
	if st, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("kernel image: %w", err)
	} else if !st.Mode().IsRegular() {
		return "", fmt.Errorf("kernel image %s: not a regular file: %w", path, kernel.ErrDamaged)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("kernel image: %w", err)
	}
	defer f.Close()
	release, err := readImageRelease(f)
	if err != nil {
		return "", fmt.Errorf("kernel image %s: %w", path, err)
	}
	return release, nil
}

func readImageRelease(r io.Reader) (string, error) {
	b := make([]byte, maxSetup)
	n, err := io.ReadFull(r, b)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	b = b[:n]
	if bytes.HasPrefix(b, []byte("\x7fELF")) {
		return vmlinuxRelease(io.MultiReader(bytes.NewReader(b), io.LimitReader(r, maxVMLinux)))
	}
	return bzImageRelease(b)
}

// bzImageRelease reads the setup header at the start of a bzImage.
func bzImageRelease(b []byte) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("not an x86-64 bzImage or vmlinux (%s): %w", why, kernel.ErrDamaged)
	}
	if len(b) < setupHeaderEnd {
		return bad("too short")
	}
	u16 := func(off int) int { return int(binary.LittleEndian.Uint16(b[off:])) }
	if u16(offBootFlag) != 0xaa55 || string(b[offMagic:offMagic+4]) != "HdrS" {
		return bad("no boot signature")
	}
	if u16(offVersion) < 0x020c || b[offLoadFlags]&1 == 0 || u16(offXLoadFlags)&1 == 0 {
		return bad("no 64-bit entry")
	}
	sects := int(b[offSetupSects])
	if sects == 0 {
		sects = 4
	}
	// The rule of boot.rst: a valid value is not 0 and less than
	// 0x200 times setup_sects.
	at := u16(offKernelVersion)
	if at == 0 || at >= 0x200*sects || at+0x200 >= len(b) {
		return bad("its version string lies outside of it")
	}
	version := b[at+0x200:]
	version = version[:min(len(version), maxRelease+1)]
	end := bytes.IndexAny(version, " \x00")
	if end < 0 {
		return bad("its version string has no end")
	}
	release := string(version[:end])
	return release, checkRelease(release)
}

// vmlinuxRelease looks for linux_banner (init/version-timestamp.c): "Linux
// version RELEASE (user@host) ...". Formats such as "Linux version %s" in the
// image do not pass for one.
func vmlinuxRelease(r io.Reader) (string, error) {
	mark := []byte("Linux version ")
	buf := make([]byte, 0, 1<<20)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := err != nil
		from := 0
		for {
			i := bytes.Index(buf[from:], mark)
			if i < 0 {
				break
			}
			rest := buf[from+i+len(mark):]
			end := bytes.IndexByte(rest[:min(len(rest), maxRelease+1)], ' ')
			if end > 0 && checkRelease(string(rest[:end])) == nil {
				return string(rest[:end]), nil
			}
			from += i + len(mark)
		}
		if last {
			return "", fmt.Errorf("no \"Linux version\" in this ELF file: %w", kernel.ErrDamaged)
		}
		keep := buf[len(buf)-(len(mark)+maxRelease+1):]
		buf = buf[:copy(buf[:cap(buf)], keep)]
	}
}

// releaseOfBuild reads include/config/kernel.release of a build tree.
func releaseOfBuild(dir string) (string, error) {
	path := filepath.Join(dir, "include/config/kernel.release")
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", err
	}
	release := string(bytes.TrimSpace(b))
	if err := checkRelease(release); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return release, nil
}
