package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/kmodsh/internal/agent/wire"
)

// guestProgram writes the head of a static program for x86-64.
func guestProgram(t *testing.T, tail string) string {
	t.Helper()
	b := make([]byte, 64)
	copy(b, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(b[16:], 2)  // ET_EXEC
	binary.LittleEndian.PutUint16(b[18:], 62) // EM_X86_64
	binary.LittleEndian.PutUint32(b[20:], 1)
	binary.LittleEndian.PutUint16(b[52:], 64)
	path := filepath.Join(t.TempDir(), "kmodsh")
	writeFile(t, path, string(b)+tail)
	return path
}

// testKernel makes a kernel with the modules that a disk needs, less those
// that are built in or left out.
func testKernel(t *testing.T, builtin, without string) Kernel {
	t.Helper()
	dir := t.TempDir()
	has := func(list, name string) bool { return strings.Contains(" "+list+" ", " "+name+" ") }
	var builtins strings.Builder
	for _, m := range []struct{ path, exports, imports string }{
		{"kernel/drivers/virtio/virtio.ko", "register_virtio_driver", ""},
		{"kernel/drivers/virtio/virtio_pci.ko", "", "register_virtio_driver"},
		{"kernel/drivers/block/virtio_blk.ko", "", "register_virtio_driver"},
		{"kernel/fs/squashfs/squashfs.ko", "", ""},
		{"kernel/net/dummy.ko", "", ""},
	} {
		name := strings.TrimSuffix(filepath.Base(m.path), ".ko")
		switch {
		case has(builtin, name):
			builtins.WriteString(m.path + "\n")
		case !has(without, name):
			writeFile(t, filepath.Join(dir, "lib/modules/6.5.1", m.path), string(testModule(name, m.exports, m.imports)))
		}
	}
	writeFile(t, filepath.Join(dir, "lib/modules/6.5.1/modules.builtin"), builtins.String())
	writeFile(t, filepath.Join(dir, "lib/modules/6.5.1/modules.order"), "")
	if err := os.Symlink("/usr/src/linux", filepath.Join(dir, "lib/modules/6.5.1/build")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "bzImage"), string(bzImage("6.5.1 (x)")))
	k, err := KernelFromPath(filepath.Join(dir, "bzImage"), dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// needMksquashfs skips where no disk image can be made.
func needMksquashfs(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("mksquashfs"); err != nil {
		t.Skip("no mksquashfs here")
	}
}

// readCPIO returns the members of an archive of ours, with the data of files.
func readCPIO(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]string{}
	for at := 0; ; {
		number := func(i int) int {
			n, err := strconv.ParseInt(string(b[at+6+8*i:at+14+8*i]), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
		size, nameSize := number(6), number(11)
		name := string(b[at+110 : at+110+nameSize-1])
		if name == "TRAILER!!!" {
			return members
		}
		data := (at + 110 + nameSize + 3) &^ 3
		members[name] = string(b[data : data+size])
		at = (data + size + 3) &^ 3
	}
}

func prepared(t *testing.T, c *Cache, k Kernel) Boot {
	t.Helper()
	b, err := c.Prepare(context.Background(), k, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
	return b
}

func TestPrepare(t *testing.T) {
	needMksquashfs(t)
	c := testCache(t)
	c.UseGuest(guestProgram(t, "one"))
	k := testKernel(t, "", "")
	before := treeFiles(t, os.DirFS(k.Modules))
	b := prepared(t, c, k)
	if b.Carrier != wire.CarrierBlock || b.Kernel.Release != "6.5.1" {
		t.Errorf("boot: %+v", b)
	}
	if got := treeFiles(t, os.DirFS(k.Modules)); got != before {
		t.Errorf("the user's tree was changed:\n%s\n%s", before, got)
	}
	if _, err := os.Stat(filepath.Join(b.Kernel.Modules, "modules.dep.bin")); err != nil {
		t.Error(err)
	}

	in := readCPIO(t, b.Initrd)
	cfg, err := wire.ParseBoot([]byte(in["etc/kmodsh/boot.json"]))
	if err != nil || strings.Join(cfg.Early, " ") != "virtio_pci virtio_blk squashfs" || cfg.Disk != GuestDisk || cfg.Link != GuestLink {
		t.Errorf("boot.json: %+v, %v", cfg, err)
	}
	early := "lib/modules-early/6.5.1/"
	for _, name := range []string{"kernel/drivers/virtio/virtio.ko", "kernel/drivers/virtio/virtio_pci.ko",
		"kernel/drivers/block/virtio_blk.ko", "kernel/fs/squashfs/squashfs.ko", "modules.dep.bin"} {
		if in[early+name] == "" {
			t.Errorf("the initramfs lacks %s", early+name)
		}
	}
	if _, ok := in[early+"kernel/net/dummy.ko"]; ok {
		t.Error("the initramfs has more modules than the disk needs")
	}
	if in["sbin/modprobe"] != "/init" || !strings.HasSuffix(in["init"], "one") {
		t.Errorf("/sbin/modprobe -> %q, /init ends in %.10q", in["sbin/modprobe"], in["init"])
	}
	for _, dir := range []string{"proc", "sys", "dev", "run", "tmp", "mnt", "etc/modprobe.d", "lib/modules/6.5.1"} {
		if _, ok := in[dir]; !ok {
			t.Errorf("the initramfs lacks the directory %s", dir)
		}
	}

	if again := prepared(t, c, k); again != b {
		t.Errorf("again: %+v\nfirst: %+v", again, b)
	}
	// A disk image that was cut off is not used, but made again.
	if err := os.Truncate(b.Disk, 5000); err != nil {
		t.Fatal(err)
	}
	if again := prepared(t, c, k); again != b {
		t.Errorf("with a damaged disk: %+v\nfirst: %+v", again, b)
	}
	if _, err := checkSeal(b.Disk, true); err != nil {
		t.Errorf("the damaged disk was kept: %v", err)
	}
	// Another program: another initramfs, the same disk.
	c.UseGuest(guestProgram(t, "two"))
	two := prepared(t, c, k)
	if two.Initrd == b.Initrd || two.Disk != b.Disk || two.Fingerprint == b.Fingerprint {
		t.Errorf("another program: %+v\nfirst: %+v", two, b)
	}
	// Another module: another tree, disk and initramfs.
	writeFile(t, filepath.Join(k.Modules, "kernel/net/new.ko"), string(testModule("new", "", "")))
	three := prepared(t, c, k)
	if three.Initrd == two.Initrd || three.Disk == b.Disk || three.Kernel.Modules == b.Kernel.Modules {
		t.Errorf("another tree: %+v\nbefore: %+v", three, two)
	}
	// Another image.
	writeFile(t, k.Image, string(bzImage("6.5.1 (y)")))
	if four := prepared(t, c, k); four.Image == three.Image || four.Fingerprint == three.Fingerprint || four.Disk != three.Disk {
		t.Errorf("another image: %+v\nbefore: %+v", four, three)
	}
	if got, err := os.ReadFile(three.Image); err != nil || string(got) != string(bzImage("6.5.1 (x)")) {
		t.Errorf("the image of the earlier boot changed (%v)", err)
	}
}

func TestPrepareCarriers(t *testing.T) {
	tests := []struct{ name, builtin, without, early string }{
		{"all modules", "", "", "virtio_pci virtio_blk squashfs"},
		{"bus built in", "virtio virtio_pci", "", "virtio_blk squashfs"},
		{"all built in", "virtio virtio_pci virtio_blk squashfs", "", ""},
		{"no squashfs", "", "squashfs", "initramfs"},
		{"no virtio_blk", "squashfs", "virtio_blk", "initramfs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testCache(t)
			c.UseGuest(guestProgram(t, ""))
			if tt.early != "initramfs" {
				needMksquashfs(t)
			}
			b := prepared(t, c, testKernel(t, tt.builtin, tt.without))
			in := readCPIO(t, b.Initrd)
			cfg, err := wire.ParseBoot([]byte(in["etc/kmodsh/boot.json"]))
			if err != nil {
				t.Fatal(err)
			}
			_, whole := in["lib/modules/6.5.1/kernel/net/dummy.ko"]
			if tt.early == "initramfs" {
				if b.Carrier != wire.CarrierInitramfs || b.Disk != "" || !whole || in["lib/modules/6.5.1/modules.dep.bin"] == "" {
					t.Errorf("%+v, tree in the initramfs: %v", b, whole)
				}
				return
			}
			if got := strings.Join(cfg.Early, " "); got != tt.early || b.Carrier != wire.CarrierBlock || whole {
				t.Errorf("early: %q, want %q; %+v", got, tt.early, b)
			}
		})
	}
}

func TestPrepareWithoutModules(t *testing.T) {
	c := testCache(t)
	c.UseGuest(guestProgram(t, ""))
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "arch/x86/boot/bzImage"), string(bzImage("6.5.1 (x)")))
	writeFile(t, filepath.Join(dir, "include/config/kernel.release"), "6.5.1\n")
	k, err := KernelFromPath(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	// A build that made no modules, then one that has them built in.
	if b := prepared(t, c, k); b.Carrier != wire.CarrierInitramfs || b.Disk != "" {
		t.Errorf("%+v", b)
	}
	needMksquashfs(t)
	writeFile(t, filepath.Join(dir, "modules.builtin"), "kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/block/virtio_blk.ko\nkernel/fs/squashfs/squashfs.ko\n")
	if b := prepared(t, c, k); b.Carrier != wire.CarrierBlock {
		t.Errorf("%+v", b)
	}
}

func TestPrepareTreeWithIndexes(t *testing.T) {
	c := testCache(t)
	c.UseGuest(guestProgram(t, ""))
	k := testKernel(t, "", "squashfs")
	if err := depmod(context.Background(), k.Modules, k.Release, nil); err != nil {
		t.Fatal(err)
	}
	if b := prepared(t, c, k); b.Kernel.Modules != k.Modules {
		t.Errorf("a tree with indexes was copied to %s", b.Kernel.Modules)
	}
}

func TestPrepareFails(t *testing.T) {
	c := testCache(t)
	k := testKernel(t, "", "squashfs")
	text := filepath.Join(t.TempDir(), "script")
	writeFile(t, text, "#!/bin/sh\n")
	dynamic := filepath.Join(t.TempDir(), "dynamic")
	b, err := os.ReadFile(guestProgram(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint64(b[32:], 64) // one program header, behind this one
	binary.LittleEndian.PutUint16(b[54:], 56)
	binary.LittleEndian.PutUint16(b[56:], 1)
	b = append(b, 3, 0, 0, 0) // PT_INTERP
	writeFile(t, dynamic, string(append(b, make([]byte, 52)...)))
	for guest, want := range map[string]string{text: "no ELF program", dynamic: "not static", "/none": "no such file"} {
		c.UseGuest(guest)
		_, err := c.Prepare(context.Background(), k, nil)
		if err == nil || !strings.Contains(err.Error(), want) || guest != "/none" && !strings.Contains(err.Error(), "CGO_ENABLED=0") {
			t.Errorf("%s: %v, want %q", guest, err, want)
		}
	}
	c.UseGuest(guestProgram(t, ""))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Prepare(ctx, k, nil); err == nil {
		t.Error("a cancelled Prepare went through")
	}
	if _, err := c.Prepare(context.Background(), Kernel{Release: "../x"}, nil); err == nil {
		t.Error("a release that is a path went through")
	}
	if got := append(ls(t, c.path(tmpDir)), ls(t, c.path(initrdsDir))...); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestHostKernels(t *testing.T) {
	root := t.TempDir()
	for _, release := range []string{"6.1.0-9-amd64", "6.1.0-10-amd64", "6.2.0", "6.3.0"} {
		writeFile(t, filepath.Join(root, "lib/modules", release, "modules.order"), "")
	}
	writeFile(t, filepath.Join(root, "boot/vmlinuz-6.1.0-9-amd64"), string(bzImage("6.1.0-9-amd64 (x)")))
	writeFile(t, filepath.Join(root, "boot/vmlinuz-6.1.0-10-amd64"), string(bzImage("6.1.0-10-amd64 (x)")))
	writeFile(t, filepath.Join(root, "boot/vmlinuz-6.2.0"), string(bzImage("6.2.1 (another)")))
	writeFile(t, filepath.Join(root, "lib/modules/6.3.0/vmlinuz"), string(bzImage("6.3.0 (x)")))
	ks, err := hostKernels(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range ks {
		got = append(got, k.Release)
	}
	if want := "6.3.0 6.1.0-10-amd64 6.1.0-9-amd64"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %s", got, want)
	}
	if ks, err := hostKernels(t.TempDir()); err != nil || len(ks) != 0 {
		t.Errorf("no kernels: %v, %v", ks, err)
	}
}

// TestInitramfsSealed: an initramfs ends with a seal, which in it is a file, so
// one that was cut off is made again, and one that was changed is found out.
func TestInitramfsSealed(t *testing.T) {
	needMksquashfs(t)
	c := testCache(t)
	c.UseGuest(guestProgram(t, "one"))
	k := testKernel(t, "", "")
	path := prepared(t, c, k).Initrd
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := checkSeal(path, true); err != nil || n != int64(len(whole))-sealSize {
		t.Errorf("sealed: %d, %v", n, err)
	}
	// The header of the seal's file stands right before it.
	head := string(whole[len(whole)-sealSize-110-14 : len(whole)-sealSize])
	if !strings.HasPrefix(head, "070701") || !strings.Contains(head, sealFile) || !strings.Contains(head, fmt.Sprintf("%08X", sealSize)) {
		t.Errorf("before the seal: %q", head)
	}
	if err := os.Truncate(path, int64(len(whole))-100); err != nil {
		t.Fatal(err)
	}
	if again := prepared(t, c, k).Initrd; again != path {
		t.Errorf("made again as %s", again)
	}
	if b, _ := os.ReadFile(path); !bytes.Equal(b, whole) {
		t.Error("one that was cut off is not made again as it was")
	}
	whole[len(whole)/2]++
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := checkSeal(path, true); !isDamaged(err) {
		t.Errorf("one that was changed: %v", err)
	}
}
