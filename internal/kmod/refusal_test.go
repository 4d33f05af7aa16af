package kmod_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	_ "example.org/kmodsh/internal/kmod/unpack/link"
)

const (
	testRelease  = "6.1.0-test"
	testVermagic = "vermagic=" + testRelease + " SMP preempt mod_unload modversions "
)

// kernelTree makes a tree of three modules that came with the kernel, one of
// which exports, and more files where they are given.
func kernelTree(t *testing.T, more map[string][]byte) *kmod.Resolver {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lib/modules", testRelease)
	own := []string{"license=GPL", "intree=Y", testVermagic}
	files := map[string][]byte{
		"kernel/a/first.ko":  kmod.Tiny{Info: append(own, "name=first"), Imports: []string{"printk", "kfree"}, Versions: []string{"module_layout"}}.Image(),
		"kernel/a/second.ko": kmod.Tiny{Info: append(own, "name=second"), Imports: []string{"printk", "kmalloc"}, Versions: []string{"module_layout"}}.Image(),
		"kernel/lib/core.ko": kmod.Tiny{Info: append(own, "name=core"), Exports: []string{"core_run"}, Versions: []string{"module_layout"}}.Image(),
		"modules.order":      []byte("kernel/a/first.ko\nkernel/a/second.ko\nkernel/lib/core.ko\n"),
		"modules.builtin":    nil, "modules.builtin.modinfo": nil,
	}
	for name, data := range more {
		files[name] = data
	}
	for name, data := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kmod.Depmod(t.Context(), kmod.DepmodOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	tree, err := kmod.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return kmod.NewResolver(tree, nil)
}

// fits is a module that the kernel of kernelTree takes.
func fits() kmod.Tiny {
	return kmod.Tiny{
		Info:    []string{"license=GPL", testVermagic, "name=mine", "parmtype=level:int", "parmtype=on:bool", "parmtype=ports:array of ushort", "parmtype=path:charp", "parmtype=odd:its own"},
		Imports: []string{"printk", "core_run"}, Versions: []string{"module_layout"},
	}
}

// TestPreflight builds a module for each thing the kernel minds, and one it
// takes.
func TestPreflight(t *testing.T) {
	var locked, enforced, open kernel.System
	locked.Lockdown, locked.Enforced = "integrity", "N"
	enforced.Lockdown, enforced.Enforced = "none", "Y"
	open.Lockdown, open.Enforced, open.Machine = "none", "N", "x86_64"
	withKey := enforced
	withKey.KeysKnown, withKey.Keys = true, []kernel.Key{{Name: "An organisation: Build time key", ID: "1a2b3c4d5e6f"}}
	namesake := withKey
	namesake.Keys = []kernel.Key{{Name: "Build time key", ID: "77"}}
	otherKey := enforced
	otherKey.KeysKnown, otherKey.Keys = true, []kernel.Key{{Name: "Somebody else", ID: "77"}}
	arm := open
	arm.Machine = "aarch64"
	change := func(f func(*kmod.Tiny)) []byte {
		m := fits()
		f(&m)
		return m.Image()
	}
	for _, test := range []struct {
		name   string
		image  []byte
		params string
		system kernel.System
		want   string // of the first problem: state, what, errno; or a piece of all
		text   string
	}{
		{"nothing", fits().Image(), "level=3 on ports=1,0x10 path=/x odd=?", open, "", "parameters: 5, of the types the module has"},
		{"another architecture", fits().Image(), "", arm, "refused architecture ENOEXEC", "it is built for x86_64, and the kernel runs on aarch64"},
		{"another class", change(func(m *kmod.Tiny) { m.Bits = 32 }), "", open, "refused architecture ENOEXEC", "it is built for i386"},
		{"another byte order", change(func(m *kmod.Tiny) { m.BigEndian = true }), "", kernel.System{}, "refused architecture ENOEXEC", "EM_X86_64, 64 bits, big endian"},
		{"size of struct module", change(func(m *kmod.Tiny) { m.This = 192 }), "", open, "refused this_module ENOEXEC", "192 bytes, that of core, which came with the kernel, has 128"},
		{"no struct module", change(func(m *kmod.Tiny) { m.This = -1 }), "", open, "refused this_module ENOEXEC", "no section .gnu.linkonce.this_module"},
		{"vermagic", change(func(m *kmod.Tiny) { m.Info[1] = "vermagic=6.1.0-test SMP mod_unload " }), "", open, "refused vermagic ENOEXEC", "dkms autoinstall -k 6.1.0-test"},
		{"release in vermagic only", change(func(m *kmod.Tiny) {
			m.Info[1] = strings.Replace(testVermagic, testRelease, "6.1.0-other", 1)
		}), "", open, "warned vermagic ", "looks only at the rest"},
		{"no vermagic", change(func(m *kmod.Tiny) { m.Info[1] = "x=y" }), "", open, "warned vermagic ", "only by force"},
		{"checksum of the image", change(func(m *kmod.Tiny) { m.CRCs = map[string]uint32{"printk": 7} }), "", open, "refused symbol versions EINVAL", "printk (built against 00000007, the kernel has"},
		{"checksum of a module", change(func(m *kmod.Tiny) { m.CRCs = map[string]uint32{"core_run": 7} }), "", open, "refused symbol versions EINVAL", "core_run (built against 00000007, core has"},
		{"layout", change(func(m *kmod.Tiny) { m.CRCs = map[string]uint32{"module_layout": 7} }), "", open, "refused symbol versions EINVAL", "module_layout (built against 00000007"},
		{"extended versions", change(func(m *kmod.Tiny) {
			m.Extended = []string{"printk", "core_run", "module_layout", "a_name_of_rust_which_is_longer_than_the_rows_of_the_table_have_room_for"}
		}), "", open, "", "1 in the extended tables"},
		{"checksum in the extended tables", change(func(m *kmod.Tiny) {
			m.Imports, m.Versions, m.Extended = nil, nil, []string{"printk", "module_layout"}
			m.CRCs = map[string]uint32{"module_layout": 9}
		}), "", open, "refused symbol versions EINVAL", "module_layout (built against 00000009"},
		{"symbol nobody is known to have", change(func(m *kmod.Tiny) { m.Imports = append(m.Imports, "gone") }), "", open, "", "1 of 3 symbols are exported by no module"},
		{"number", fits().Image(), "level=many", open, "refused parameters EINVAL", `"many" is no number`},
		{"large number", fits().Image(), "level=99999999999", open, "refused parameters ERANGE", "does not fit into 32 bits"},
		{"negative", fits().Image(), "level=-2147483648", open, "", "parameters: 1,"},
		{"negative of an array without sign", fits().Image(), "ports=1,-2", open, "refused parameters EINVAL", `"-2" is no number`},
		{"bool", fits().Image(), "on=perhaps", open, "refused parameters EINVAL", "is neither 1, y, on"},
		{"no value", fits().Image(), "level", open, "refused parameters EINVAL", "it needs a value"},
		{"unknown parameter", fits().Image(), "levle=3", open, "warned parameters ", "unknown parameter 'levle' ignored"},
		{"parameter of its own setter", change(func(m *kmod.Tiny) { m.Info = append(m.Info, "parm=own:what it is") }), "own=x", open, "", "parameters: 1,"},
		{"blanks around =", fits().Image(), "level = 3", open, "refused parameters EINVAL", "=: blanks around a = make words of their own"},
		{"built with the kernel", change(func(m *kmod.Tiny) { m.Info = append(m.Info, "intree=Y") }), "", open, "", "2, which the build of the kernel checked; 1 of them are exported by no module"},
		{"built with the kernel, and what it needs was removed", change(func(m *kmod.Tiny) { m.Info = append(m.Info, "intree=Y", "depends=core,lockd") }), "", open, "refused symbols ENOENT", "symbols of lockd, which the tree has not got"},
		{"another build of the kernel's source", change(func(m *kmod.Tiny) {
			m.Info, m.CRCs = append(m.Info, "intree=Y"), map[string]uint32{"printk": 7}
		}), "", open, "refused symbol versions EINVAL", "printk (built against 00000007, the kernel has"},
		{"of the loader", fits().Image(), "async_probe=1 dyndbg", open, "", "parameters: 2,"},
		{"unsigned, locked down", fits().Image(), "", locked, "refused signature EPERM", "locked down (integrity)"},
		{"unsigned, enforced", fits().Image(), "", enforced, "refused signature EKEYREJECTED", "Loading of unsigned module is rejected"},
		{"signed, key not there", kmod.Signed(fits().Image()), "", otherKey, "", "unknown signature: signed by Build time key, key 1a2b3c4d5e6f, sha256; the kernel's keyrings have no key of that name"},
		{"signed, key there", kmod.Signed(fits().Image()), "", withKey, "", "signed by Build time key, key 1a2b3c4d5e6f, sha256, whose key the kernel has"},
		{"signed, a key of that name there", kmod.Signed(fits().Image()), "", namesake, "", "unknown signature: signed by Build time key, key 1a2b3c4d5e6f, sha256; the kernel has a key of that name (identifier 77), this one or another"},
		{"signed, keys not shown", kmod.Signed(fits().Image()), "", enforced, "", "cannot be seen from here"},
		{"no module", []byte("#!/bin/sh"), "", open, "refused file ENOEXEC", "not an ELF file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := "extra/mine.ko"
			if strings.HasPrefix(test.name, "built with the kernel") {
				file = "kernel/a/mine.ko"
			}
			r := kernelTree(t, map[string][]byte{file: test.image})
			c := refusal.Checker{Resolver: r, System: test.system, Release: testRelease}
			list := c.File("mine", file, test.params)
			var all strings.Builder
			for _, f := range list {
				fmt.Fprintf(&all, "%s %s\n", f.State, f)
			}
			got := ""
			if p := refusal.Problems(list); len(p) > 0 {
				got = fmt.Sprintf("%s %s %s", p[0].State, p[0].What, p[0].Errno)
			}
			if got != test.want || !strings.Contains(all.String(), test.text) {
				t.Errorf("%q, want %q with %q in\n%s", got, test.want, test.text, all.String())
			}
		})
	}
}

// TestPreflightExtended: extended tables of versions that kernels from 6.14 on
// refuse, on one that does not look at them and on one that does.
func TestPreflightExtended(t *testing.T) {
	m := fits()
	m.Extended = []string{"a_name_of_rust", "another_name_of_rust"}
	for from, to := range map[string]string{
		"__version_ext_names\x00":   "it has __version_ext_crcs and no __version_ext_names",
		"__version_ext_crcs\x00":    "it has __version_ext_names and no __version_ext_crcs",
		"a_name_of_rust\x00another": "it has more checksums than names for them: __version_ext_crcs 2, __version_ext_names 1",
		"another_name_of_rust\x00":  "it has more checksums than names for them: __version_ext_crcs 2, __version_ext_names 1",
	} {
		image := bytes.Replace(m.Image(), []byte(from), []byte(strings.ReplaceAll(from, "\x00", "z")), 1)
		r := kernelTree(t, map[string][]byte{"extra/mine.ko": image})
		for release, want := range map[string]string{testRelease: "warned", "6.14.2-test": "refused", "7.0.0": "refused", "6.13.12": "warned"} {
			c := refusal.Checker{Resolver: r, Release: release}
			list := c.File("mine", "extra/mine.ko", "")
			if f := list[len(list)-1]; string(f.State) != want || f.Errno != "ENOEXEC" || !strings.HasPrefix(f.Text, to) {
				t.Errorf("%q, %s: %s %v", from, release, f.State, f)
			}
		}
	}
}

// TestPreflightSymvers: with the headers' Module.symvers beside the tree it is
// known what the image exports.
func TestPreflightSymvers(t *testing.T) {
	m := fits()
	m.Imports = append(m.Imports, "gone")
	r := kernelTree(t, map[string][]byte{
		"extra/mine.ko":        m.Image(),
		"build/Module.symvers": []byte("0x00000007\tprintk\tvmlinux\tEXPORT_SYMBOL\n0x1\tother\tdrivers/x\tEXPORT_SYMBOL\n"),
	})
	c := refusal.Checker{Resolver: r}
	list := refusal.Problems(c.File("mine", "extra/mine.ko", ""))
	if len(list) != 2 || list[0].Errno != "ENOENT" || !strings.Contains(list[0].Text, "gone") || !strings.Contains(list[1].Text, "the kernel has 00000007") {
		t.Errorf("%v", list)
	}
}

// TestAnswer joins errno and log to a cause.
func TestAnswer(t *testing.T) {
	r := kernelTree(t, nil)
	for _, test := range []struct {
		errno syscall.Errno
		log   string
		want  string
	}{
		{syscall.ENOEXEC, "x: version magic '5.10.0 SMP ' should be '6.1.0-test SMP '", "its vermagic is not the kernel's: version magic '5.10.0 SMP ' should be '6.1.0-test SMP '; build it against the headers of 6.1.0-test"},
		{syscall.EINVAL, "x: disagrees about version of symbol core_run", "another version of the symbol core_run than the kernel or core has; build it"},
		{syscall.ENOEXEC, "x: disagrees about version of symbol module_layout", "the layout of struct module differs"},
		{syscall.ENOENT, "x: Unknown symbol core_run (err -2)", "exported by core, which is not loaded; load it first (modprobe core)"},
		{syscall.ENOENT, "x: Unknown symbol gone (err -2)", "nobody exports the symbol gone"},
		{syscall.EINVAL, "x: Unknown symbol core_run (err -22)", "of another version, licence or namespace"},
		{syscall.EBUSY, "x: Unknown symbol core_run (err -16)", "did not get ready within 30 s"},
		{syscall.EINVAL, "module x uses symbol foo from namespace BAR, but does not import it.", "namespace BAR without importing it; add MODULE_IMPORT_NS(BAR)"},
		{syscall.EINVAL, "x: `abc' invalid for parameter `level'", `the value "abc" is not one that its parameter level takes; see modinfo -p x`},
		{syscall.ENOEXEC, "Invalid architecture in ELF header: 183", "another architecture"},
		{syscall.ENOEXEC, "Invalid ELF section header overflow", "damaged or no module"},
		{syscall.ENOEXEC, `Invalid ELF header magic: != \x7fELF`, "damaged or no module"},
		{syscall.ENOEXEC, "module x: .gnu.linkonce.this_module section size must match the kernel's built struct module size at run time", "another size than the kernel's"},
		{syscall.EINVAL, "decompression failed with status 6", "decompressor does not take the file"},
		{syscall.EINVAL, "decompression failed with status 3", "no memory for the dictionary"},
		{syscall.EINVAL, "decompression failed with status 7", "is damaged"},
		{syscall.Errno(129), "Loading of unsigned module is rejected", "it is not signed"}, // EKEYREJECTED of Linux
		{syscall.EPERM, "Lockdown: insmod: unsigned module loading is restricted; see man kernel_lockdown.7", "locked down"},
		{syscall.EEXIST, "sysfs: cannot create duplicate filename '/module/x'", "(/module/x)"},
		{syscall.ENOEXEC, "x: exports duplicate symbol core_run (owned by core)", "core_run (owned by core); unload"},
		{syscall.EPERM, "Module x is blacklisted", "module_blacklist=x"},
		{syscall.ENODEV, "", "nothing to drive"},
		{syscall.EPERM, "", "CAP_SYS_MODULE"},
		{syscall.EFAULT, "", ""},
	} {
		e := &kernel.LoadError{Op: "insert", Module: "x", Errno: test.errno}
		if test.log != "" {
			e.Log = []string{"noise", test.log, "x: something else"}
		}
		c := refusal.Checker{Resolver: r, Release: testRelease}
		if got := c.Answer(e, nil); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s %q: %q, want %q", kernel.ErrnoName(test.errno), test.log, got, test.want)
		}
	}
}

// FuzzPreflight: whatever a module file holds, looking at it ends and says
// something.
func FuzzPreflight(f *testing.F) {
	f.Add(fits().Image(), "level=1 on=\"y\" ports=1,,2")
	f.Add(kmod.Signed(fits().Image()), "=")
	f.Add([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00"), "")
	dir := f.TempDir()
	tree, err := kmod.OpenTree(dir)
	if err != nil {
		f.Fatal(err)
	}
	defer tree.Close()
	r := kmod.NewResolver(tree, nil)
	f.Fuzz(func(t *testing.T, image []byte, params string) {
		for _, name := range []string{"mine.ko", "mine.ko.xz"} {
			if err := os.WriteFile(filepath.Join(dir, name), image, 0o644); err != nil {
				t.Fatal(err)
			}
			c := refusal.Checker{Resolver: r, System: kernel.System{Machine: "x86_64", Enforced: "Y", KeysKnown: true}}
			if len(c.File("mine", name, params)) == 0 {
				t.Fatal("nothing was said")
			}
		}
	})
}

// FuzzAnswer: whatever a kernel logs of a refusal, the answer is a sentence or
// nothing.
func FuzzAnswer(f *testing.F) {
	for _, line := range []string{
		"x: Unknown symbol core_run (err -2)", "x: `abc' invalid for parameter `level'", "module x uses symbol foo from namespace BAR, but does not import it.",
		"decompression failed with status 6", "x: version magic '5' should be '6'", "x: disagrees about version of symbol ", "sysfs: cannot create duplicate filename '", "`",
	} {
		f.Add(line, uint8(2))
	}
	tree, err := kmod.OpenTree(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	defer tree.Close()
	r := kmod.NewResolver(tree, nil)
	f.Fuzz(func(t *testing.T, log string, errno uint8) {
		c := refusal.Checker{Resolver: r, Release: testRelease}
		e := &kernel.LoadError{Op: "insert", Module: "x", Errno: syscall.Errno(errno), Log: strings.Split(log, "\n")}
		if got := c.Answer(e, nil); len(got) > 8*len(log)+1024 {
			t.Fatalf("%d bytes of answer to %d bytes of log", len(got), len(log))
		}
	})
}
