package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/agent/wire"
)

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

// TestPrepareDamaged: a machine boots from a tree with a damaged index whose text is
// sound, and the target tells it.
func TestPrepareDamaged(t *testing.T) {
	needMksquashfs(t)
	c := testCache(t)
	c.UseGuest(guestProgram(t, "one"))
	k := testKernel(t, "", "squashfs")
	if err := depmod(context.Background(), k.Modules, k.Release, nil); err != nil {
		t.Fatal(err)
	}
	whole := prepared(t, c, k)
	file := filepath.Join(k.Modules, "modules.dep.bin")
	writeFile(t, file, "no index of any kind")
	b := prepared(t, c, k)
	if b.Carrier != whole.Carrier {
		t.Errorf("the tree comes on %s, and on %s when the index is whole", b.Carrier, whole.Carrier)
	}
	told := (&target{boot: b}).Damaged()
	if len(told) != 1 || !strings.HasPrefix(told[0].Error(), file+": damaged at byte 0: ") || (&target{boot: whole}).Damaged() != nil {
		t.Errorf("told %v, of the whole tree %v", told, (&target{boot: whole}).Damaged())
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
