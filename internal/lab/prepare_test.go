package lab

import (
	"context"
	"encoding/binary"
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
