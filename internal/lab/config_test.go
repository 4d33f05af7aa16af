package lab

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wholeConfig is a configuration that meets everything, less the options left
// out and with lines added.
func wholeConfig(without string, more ...string) string {
	var b strings.Builder
	b.WriteString("#\n# Linux/x86 6.5.1 Kernel Configuration\n#\nCONFIG_CC_VERSION_TEXT=\"gcc (Debian) 12.2.0\"\n")
	for _, list := range [][]wanted{guestWants, driverWants, worthWants} {
		for _, w := range list {
			if !w.off && !slices.Contains(strings.Fields(without), w.option) {
				b.WriteString("CONFIG_" + w.option + "=y\n")
			}
		}
	}
	return b.String() + "# CONFIG_MODULE_SIG_FORCE is not set\n" + strings.Join(more, "\n")
}

// configImage is a bzImage whose payload has a configuration in it, as the kernel
// is built with CONFIG_IKCONFIG. before is how much comes before it.
func configImage(t *testing.T, config string, before int) []byte {
	t.Helper()
	pack := func(b []byte) []byte {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write(b)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return z.Bytes()
	}
	inner := slices.Concat(bytes.Repeat([]byte{'x'}, before), []byte(configMark), pack([]byte(config)), []byte("IKCFG_ED and on"))
	payload := pack(inner)
	image := bzImage("6.5.1 (x)")
	setup := int(image[offSetupSects]+1) * 512
	image = append(image, make([]byte, max(0, setup-len(image)))...)[:setup]
	binary.LittleEndian.PutUint32(image[offPayloadLength:], uint32(len(payload)))
	return append(image, payload...)
}

// ownTree lays out a build tree of kernel 6.5.1.
func ownTree(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, treeImage), string(bzImage("6.5.1 (x)")))
	writeFile(t, filepath.Join(dir, "include/config/kernel.release"), "6.5.1\n")
	writeFile(t, filepath.Join(dir, "include/config/auto.conf"), config)
	return dir
}

func mustKernel(t *testing.T, image, modules string) Kernel {
	t.Helper()
	k, err := KernelFromPath(image, modules)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestConfigMissing: what a kernel's configuration lacks is named, each option
// with what it is for; what is not known is left for the guest to tell.
func TestConfigMissing(t *testing.T) {
	for _, tt := range []struct {
		without string
		more    string
		guest   string // lines of a fragment
		driver  string
	}{
		{"", "", "", ""},
		{"DEVTMPFS UNIX", "", "CONFIG_DEVTMPFS=y CONFIG_NET=y CONFIG_UNIX=y", ""},
		{"KALLSYMS_ALL", "", "", "CONFIG_KALLSYMS_ALL=y"},
		{"", "CONFIG_MODULE_SIG_FORCE=y", "# CONFIG_MODULE_SIG_FORCE is not set", ""},
		{"KPROBES", "CONFIG_KPROBES=n", "", "CONFIG_KPROBES=y"},
	} {
		k := mustKernel(t, ownTree(t, wholeConfig(tt.without, tt.more)), "")
		for _, part := range []struct {
			list []wanted
			want string
		}{{guestWants, tt.guest}, {driverWants, tt.driver}} {
			err := k.checkConfig(part.list, "do it")
			var config *ConfigError
			if errors.As(err, &config) != (part.want != "") {
				t.Errorf("%+v: %v", tt, err)
				continue
			}
			if config == nil {
				continue
			}
			if got := strings.Join(config.Options, " "); got != part.want || !strings.Contains(err.Error(), "auto.conf it lacks CONFIG_") {
				t.Errorf("%+v: %q, %v", tt, got, err)
			}
		}
	}
	bare := filepath.Join(t.TempDir(), "bzImage")
	writeFile(t, bare, string(bzImage("6.5.1 (x)")))
	k := mustKernel(t, bare, "")
	if err := k.checkConfig(guestWants, "run"); err != nil {
		t.Errorf("a kernel whose configuration is not known: %v", err)
	}
	if !k.readsDisk() {
		t.Error("a kernel whose configuration is not known gets no disk")
	}
}

// TestConfigFound: the configuration is what the tree was built with, the file
// beside the image, the one of the module directory, or what is in the image.
func TestConfigFound(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, text)
		return path
	}
	tree := ownTree(t, "CONFIG_A=y\n")
	writeFile(t, filepath.Join(tree, ".config"), "CONFIG_EDITED_SINCE=y\n")
	beside := put("boot/vmlinuz", string(bzImage("6.5.1 (x)")))
	put("boot/config-6.5.1", "CONFIG_B=m\n")
	modules := put("lib/modules/6.5.1/config", "CONFIG_C=y\n")
	bare := put("bare/bzImage", string(bzImage("6.5.1 (x)")))
	inside := put("inside/bzImage", string(configImage(t, "CONFIG_D=y\nCONFIG_E=\"x y\"\n", 3<<20-5)))
	for _, tt := range []struct{ image, modules, option, from string }{
		{tree, "", "A", filepath.Join(tree, "include/config/auto.conf")},
		{filepath.Join(tree, treeImage), "", "A", filepath.Join(tree, "include/config/auto.conf")},
		{beside, filepath.Dir(modules), "B", filepath.Join(dir, "boot/config-6.5.1")},
		{bare, filepath.Dir(modules), "", ""}, // no module directory: see below
		{inside, "", "D", inside},
	} {
		if tt.option == "" {
			put("lib/modules/6.5.1/modules.order", "")
			tt.option, tt.from = "C", modules
		}
		if tt.modules != "" {
			put("lib/modules/6.5.1/modules.order", "")
		}
		k := mustKernel(t, tt.image, tt.modules)
		c, err := k.config(true)
		if err != nil || !c.has(tt.option) || c.from != tt.from {
			t.Errorf("%s: %+v, %v", tt.image, c, err)
		}
	}
	k := mustKernel(t, inside, "")
	if _, err := k.config(false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the image was unpacked for a look beside it: %v", err)
	}
	if c, err := k.config(true); err != nil || c.value["E"] != "x y" {
		t.Errorf("%+v, %v", c, err)
	}
	k = mustKernel(t, bare, "")
	if _, err := k.config(true); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "CONFIG_IKCONFIG") {
		t.Errorf("an image without one: %v", err)
	}
}

// TestConfigChecks: the doctor names each missing option with the line that
// mends it, and only what a guest cannot do without is missing.
func TestConfigChecks(t *testing.T) {
	k := mustKernel(t, ownTree(t, wholeConfig("TMPFS KPROBES TEST_KMOD")), "")
	states := map[string]string{}
	for _, c := range k.ConfigChecks() {
		states[c.Fix] = c.State
	}
	for fix, want := range map[string]string{"CONFIG_SHMEM=y CONFIG_TMPFS=y": CheckMissing, "CONFIG_KPROBES=y": CheckWarn, "CONFIG_RUNTIME_TESTING_MENU=y CONFIG_TEST_KMOD=m": CheckWarn} {
		if states[fix] != want {
			t.Errorf("%s is %q, not %q: %v", fix, states[fix], want, states)
		}
	}
	whole := mustKernel(t, ownTree(t, wholeConfig("")), "")
	for _, c := range whole.ConfigChecks() {
		if c.State != CheckOK {
			t.Errorf("of a kernel that has all: %+v", c)
		}
	}
}

// TestConfigOfDistribution: a distribution's kernels, on which all this is
// tested, lack nothing that is said to be needed.
func TestConfigOfDistribution(t *testing.T) {
	c, err := OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	ks, err := c.fetched()
	if err != nil || len(ks) == 0 {
		t.Skipf("no fetched kernel here: %v", err)
	}
	for _, k := range ks {
		config, err := k.config(false)
		if err != nil {
			t.Errorf("%s: %v", k.Release, err)
			continue
		}
		if missing := config.lacks(append(slices.Clone(guestWants), driverWants...)); len(missing) > 0 {
			t.Errorf("%s lacks %s", k.Release, reasons(missing))
		}
	}
}

func FuzzKernelConfig(f *testing.F) {
	f.Add("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"x=y\"\n")
	f.Add("CONFIG_=\n=\nCONFIG_A")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readKernelConfig(strings.NewReader(text), "x")
		if err == nil && len(c.value) == 0 {
			t.Error("a configuration of nothing")
		}
	})
}

// TestBuiltModules: a build tree's modules are those of its modules.order that
// are there, in either form, and none outside of it.
func TestBuiltModules(t *testing.T) {
	tree := ownTree(t, wholeConfig(""))
	k := mustKernel(t, tree, "")
	if list, err := builtModules(tree); err != nil || list != nil {
		t.Errorf("a tree of which only the image was built: %v, %v", list, err)
	}
	writeFile(t, filepath.Join(tree, "modules.builtin"), "kernel/fs/ext4/ext4.ko\n")
	writeFile(t, filepath.Join(tree, "modules.order"), "fs/minix/minix.o\nlib/crc16.ko\nkernel/net/dummy.ko\nfs/not/built.o\n../../etc/passwd.o\n/etc/x.o\n\n")
	for _, name := range []string{"fs/minix/minix", "lib/crc16", "net/dummy"} {
		writeFile(t, filepath.Join(tree, name+".ko"), string(testModule(filepath.Base(name), "", "")))
	}
	c := testCache(t)
	made, key, err := c.tree(t.Context(), k, nil)
	if err != nil {
		t.Fatal(err)
	}
	order, err := os.ReadFile(filepath.Join(made.Modules, "modules.order"))
	if want := "kernel/fs/minix/minix.ko\nkernel/lib/crc16.ko\nkernel/net/dummy.ko\n"; err != nil || string(order) != want {
		t.Errorf("modules.order: %q, %v", order, err)
	}
	for _, name := range []string{"modules.dep.bin", "modules.builtin", "kernel/fs/minix/minix.ko"} {
		if _, err := os.Stat(filepath.Join(made.Modules, name)); err != nil {
			t.Error(err)
		}
	}
	writeFile(t, filepath.Join(tree, "lib/crc16.ko"), string(testModule("crc16", "another", "")))
	if _, again, err := c.tree(t.Context(), k, nil); err != nil || again == key {
		t.Errorf("a module was built anew, the tree is %s as before (%v)", again, err)
	}
}
