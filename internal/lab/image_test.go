package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// bzImage makes the start of a kernel image with a version string.
func bzImage(version string) []byte {
	b := make([]byte, 8*512)
	b[offSetupSects] = 7
	binary.LittleEndian.PutUint16(b[offBootFlag:], 0xaa55)
	copy(b[offMagic:], "HdrS")
	binary.LittleEndian.PutUint16(b[offVersion:], 0x020f)
	b[offLoadFlags] = 1
	binary.LittleEndian.PutUint16(b[offXLoadFlags:], 0x3f)
	binary.LittleEndian.PutUint16(b[offKernelVersion:], 0x400)
	copy(b[0x600:], version)
	return b
}

func TestImageRelease(t *testing.T) {
	at := func(off int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint16(b[off:], v)
			return b
		}
	}
	good := "6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP"
	elf := func(s string) []byte {
		b := append([]byte("\x7fELF"), bytes.Repeat([]byte("Linux version %s\x00"), 90_000)...)
		return append(b, s...)
	}
	tests := []struct {
		name string
		file []byte
		want string // "" is damaged
	}{
		{"bzImage", bzImage(good), "6.1.0-56-amd64"},
		{"plus", bzImage("6.12.117+deb12-amd64 (x) #1"), "6.12.117+deb12-amd64"},
		{"only the release", bzImage("6.1.0"), "6.1.0"},
		{"empty", nil, ""},
		{"text", []byte(strings.Repeat("no kernel ", 1000)), ""},
		{"cut off in the header", bzImage(good)[:0x210], ""},
		{"cut off in the version", bzImage(good)[:0x606], ""},
		{"no signature", at(offBootFlag, 0)(bzImage(good)), ""},
		{"old protocol", at(offVersion, 0x0204)(bzImage(good)), ""},
		{"32 bit", at(offXLoadFlags, 0)(bzImage(good)), ""},
		{"no version", at(offKernelVersion, 0)(bzImage(good)), ""},
		{"version outside the setup", at(offKernelVersion, 0xe00)(bzImage(good)), ""},
		{"version far outside", at(offKernelVersion, 0xffff)(bzImage(good)), ""},
		{"a path", bzImage("../../etc (x)"), ""},
		{"a slash", bzImage("6.1/../../x (x)"), ""},
		{"without end", bzImage("6" + strings.Repeat("1", 300)), ""},
		{"vmlinux", elf("Linux version 6.19.0-rc1+ (me@here) (gcc) #1 SMP\n\x00"), "6.19.0-rc1+"},
		{"vmlinux without", elf(""), ""},
		{"vmlinux cut off", elf("Linux version 6.1"), ""},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "vmlinuz")
		if err := os.WriteFile(path, tt.file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ImageRelease(path)
		if got != tt.want && err == nil || (tt.want == "") != errors.Is(err, kernel.ErrDamaged) {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %q does not name the file", tt.name, err)
		}
	}
	if _, err := ImageRelease(t.TempDir()); err == nil {
		t.Error("a directory passed for a kernel image")
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ImageRelease(pipe); !errors.Is(err, kernel.ErrDamaged) { // and it must not wait for a writer
		t.Errorf("a pipe for a kernel image: %v", err)
	}
}

func FuzzImageRelease(f *testing.F) {
	f.Add(bzImage("6.1.0-56-amd64 (x) #1"))
	f.Add(bzImage(""))
	f.Add([]byte("\x7fELFLinux version 6.1.0 (x)"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		release, err := readImageRelease(bytes.NewReader(b))
		if err == nil && checkRelease(release) != nil {
			t.Errorf("release %q was let through", release)
		}
	})
}

func TestKernelFromPath(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	image := write("bzImage", bzImage("6.5.1 (x)"))
	write("inst/lib/modules/6.5.1/modules.order", nil)
	write("bare/modules.order", nil)
	write("6.4.0/modules.order", nil)
	write("empty/readme", nil)
	write("build/arch/x86/boot/bzImage", bzImage("6.5.1 (x)"))
	write("build/include/config/kernel.release", []byte("6.5.1\n"))
	write("stale/arch/x86/boot/bzImage", bzImage("6.5.1 (x)"))
	write("stale/include/config/kernel.release", []byte("6.5.2\n"))
	in := func(s string) string { return filepath.Join(dir, s) }
	tests := []struct{ image, modules, want, err string }{
		{image, "", "", ""},
		{image, in("inst"), in("inst/lib/modules/6.5.1"), ""},
		{image, in("inst/lib/modules"), in("inst/lib/modules/6.5.1"), ""},
		{image, in("inst/lib/modules/6.5.1"), in("inst/lib/modules/6.5.1"), ""},
		{image, in("bare"), in("bare"), ""},
		{in("build"), in("inst"), in("inst/lib/modules/6.5.1"), ""},
		{in("build"), "", "", ""},
		{image, in("6.4.0"), "", "is of kernel 6.4.0, the image is 6.5.1"},
		{image, in("empty"), "", "no modules of 6.5.1"},
		{image, in("none"), "", "no such file"},
		{image, image, "", "not a directory"},
		{in("none"), "", "", "no such file"},
		{in("bare"), "", "", "no kernel build tree"},
		{in("stale"), "", "", "its configuration is 6.5.2"},
	}
	for _, tt := range tests {
		k, err := KernelFromPath(tt.image, tt.modules)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s %s: err = %v, want %q", tt.image, tt.modules, err, tt.err)
			}
			continue
		}
		if err != nil || k.Modules != tt.want || k.Release != "6.5.1" || k.Source != SourcePath {
			t.Errorf("%s %s: %+v, %v", tt.image, tt.modules, k, err)
		}
	}
}
