package kmod_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// themesFirst are the themes 1 to 12.
func themesFirst() []theme {
	xzHead, _ := hex.DecodeString("fd377a585a000004e6d6b4460200210116000000742fe5a3")
	return []theme{
		{1, "a bare errno, the reason only in the log", "the kernel answers ENOENT to a load, and logs an unknown symbol", func(s *situation) {
			s.mine(nil)
			s.fails = &kernel.LoadError{Op: "insert", Module: "mine", Errno: syscall.ENOENT, Log: []string{"mine: Unknown symbol core_run (err -2)"}}
		}, []string{"load mine", "why mine"}, []string{"the last attempt failed: ENOENT: the symbol core_run is exported by core, which is not loaded; load it first (modprobe core)"}, ""},
		{1, "before the kernel is asked", "a module was built for another configuration", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.This = 192 })
		}, []string{"why mine"}, []string{"REFUSED, this_module: .gnu.linkonce.this_module has 192 bytes, that of core, which came with the kernel, has 128", "(ENOEXEC); build it against the headers of 6.1.0-test"}, ""},
		{2, "xz files the kernel's decompressor refuses", "a file was compressed with xz's defaults (CRC64)", func(s *situation) {
			s.mine(nil)
			s.file("extra/mine.ko.xz", xzHead)
			os.Remove(filepath.Join(s.dir, "extra/mine.ko"))
			s.depmod()
		}, []string{"why mine"}, []string{"its check is CRC64, and the kernel's own xz knows only CRC32", "kmodsh decompresses it itself", "xz -d TREE/extra/mine.ko.xz && xz --check=crc32 --lzma2=dict=1MiB TREE/extra/mine.ko"}, ""},
		{2, "a kernel that decompresses something else", "the same file, and a kernel that knows zstd alone", func(s *situation) {
			s.mine(nil)
			s.file("extra/mine.ko.xz", xzHead)
			os.Remove(filepath.Join(s.dir, "extra/mine.ko"))
			s.depmod()
			s.sys = kernel.System{Compression: "zstd"}
		}, []string{"why mine"}, []string{"ok, file: xz, check CRC64, dictionary 8192 KiB; this kernel decompresses zstd alone, and modprobe this one"}, ""},
		{2, "zstd without the size", "a file was compressed by zstd at the end of a pipe", func(s *situation) {
			s.mine(nil)
			s.file("extra/mine.ko.zst", []byte("\x28\xb5\x2f\xfd\x04\x88\x19\x00\x00one"))
			os.Remove(filepath.Join(s.dir, "extra/mine.ko"))
			s.depmod()
		}, []string{"why mine"}, []string{"odd, file: zstd, and the frame does not say how large the module is", "Failed to determine decompression size", "zstd -d --rm TREE/extra/mine.ko.zst && zstd --rm TREE/extra/mine.ko"}, ""},
		{3, "a blacklist does not block", "blacklist mine, asked for by its own name", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "alias=fs-mine") })
			s.config("a.conf", "# CVE\nblacklist mine\n")
		}, []string{"why mine"}, []string{"! CONF/a.conf:2: blacklist mine", "no effect on this way", "its own name: yes", "its aliases: NO, it is blacklisted (CONF/a.conf:2)", `to keep it out: "install mine /bin/false" in modprobe.d`}, ""},
		{3, "the first install line wins", "install lines for one module in two files", func(s *situation) {
			s.mine(nil)
			s.config("10-deny.conf", "install mine /bin/false\n")
			s.config("99-allow.conf", "install mine /sbin/modprobe --ignore-install mine\n")
		}, []string{"why mine"}, []string{"! CONF/99-allow.conf:1", "the first install line that matches counts, CONF/10-deny.conf:1", "its own name: NO, its install line runs /bin/false in its place (CONF/10-deny.conf:1)"}, ""},
		{3, "refused by the kernel itself", "module_blacklist= on the kernel's command line", func(s *situation) {
			s.mine(nil)
			s.cmd = "quiet module_blacklist=other,mine"
		}, []string{"why mine"}, []string{"its file: NO, module_blacklist=mine: the kernel itself answers EPERM"}, ""},
		{4, "an install line is ignored because of a softdep", "blacklist and install /bin/false, and the module has a softdep of its own", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "softdep=pre: second") })
			s.config("a.conf", "blacklist mine\ninstall mine /bin/false\n")
		}, []string{"why mine"}, []string{"! CONF/a.conf:2: install mine /bin/false", "install lines are ignored for a module with soft dependencies, modules.softdep:2", "its own name: yes", "to keep it out: module_blacklist=mine on the kernel's command line", `after a line "softdep mine pre:"`}, ""},
		{4, "how the install line counts after all", "a softdep line that names nothing before the module's own", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "softdep=pre: second") })
			s.config("00-mine.conf", "install mine /bin/false\nsoftdep mine pre:\n")
		}, []string{"why mine"}, []string{"! modules.softdep:2: softdep mine pre: second", "its own name: NO, its install line runs /bin/false in its place (CONF/00-mine.conf:1)"}, ""},
		{5, "only the first softdep line counts", "a softdep line of a person after the one of the module", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "softdep=pre: second") })
			s.config("z.conf", "softdep mine pre: first\n")
		}, []string{"why mine"}, []string{"! CONF/z.conf:1: softdep mine pre: first", `only the first softdep line of a module counts, modules.softdep:2; for all of them write one line, "softdep mine pre: second first", in a file of modprobe.d whose name sorts before modules.softdep`}, ""},
		{5, "a softdep line that counts hides the module's own", "a softdep line of a person before the one of the module", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "softdep=pre: second") })
			s.config("a.conf", "softdep mine post: first\n")
		}, []string{"why mine"}, []string{`it takes the place of what the module itself wants, modules.softdep:2; for all of them write one line, "softdep mine pre: second post: first"`, "! modules.softdep:2: softdep mine pre: second"}, ""},
		{5, "a module with many softdep lines", "the module itself brings five", func(s *situation) {
			s.mine(func(m *kmod.Tiny) {
				for _, n := range []string{"second", "a", "b", "c", "d"} {
					m.Info = append(m.Info, "softdep=pre: "+n)
				}
			})
		}, []string{"why mine"}, []string{"! and 3 more such lines, up to modules.softdep:6"}, ""},
		{6, "a module appears or goes while it is looked at", "another loader is at it", func(s *situation) {
			s.mine(nil)
			s.loaded("mine", trace.Coming, 1)
		}, []string{"why mine"}, []string{"now: coming, it is being loaded by somebody else at this moment: a second load waits for it"}, ""},
		{7, "modprobe -r -w does not end", "a reference is held by something that is no module", func(s *situation) {
			s.mine(nil)
			s.loaded("mine", trace.Live, 2)
		}, []string{"why mine"}, []string{"2 references are held by something that is no module: an open device, a mount, a socket (lsof, findmnt, ss); it can be unloaded when these are gone"}, ""},
		{8, "Module is in use: by whom, and in which order to unload", "two modules above it, one above the other", func(s *situation) {
			s.mine(nil)
			s.loaded("core", trace.Live, 3, "mine", "")
			s.loaded("mine", trace.Live, 1, "second")
			s.loaded("second", trace.Live, 0)
		}, []string{"why core"}, []string{"in use by mine; to be rid of it: rmmod second mine core", "2 further references are held by something that is no module"}, ""},
		{9, "built-in modules treated as missing", "a tree as it gets into an initramfs: without modules.builtin", func(s *situation) {
			s.mine(nil)
			for _, f := range []string{"modules.builtin", "modules.builtin.bin", "modules.builtin.modinfo", "modules.builtin.alias.bin"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"why overlay"}, []string{"has no modules.builtin: built-in modules look as if they were missing; the kernel's build makes modules.builtin, and depmod cannot: copy that from the kernel's own tree or package (an initramfs needs it, too), and run depmod"}, ""},
		{9, "a built-in module", "the module is part of the image", func(s *situation) {
			s.file("modules.builtin", []byte("kernel/fs/overlay.ko\n"))
			s.mine(nil)
		}, []string{"why overlay"}, []string{"built-in modules: yes: overlay", "nothing is loaded: it is built in"}, ""},
		{10, "an entry whose file is gone", "modules.dep names a file that was removed", func(s *situation) {
			s.mine(nil)
			os.Remove(filepath.Join(s.dir, "extra/mine.ko"))
		}, []string{"why mine"}, []string{"modules.dep of TREE names extra/mine.ko, which is not there; run depmod"}, ""},
		{10, "a file the index does not know", "a module was copied into the tree and depmod not run", func(s *situation) {
			s.depmod()
			m := fits()
			s.file("extra/mine.ko", m.Image())
		}, []string{"why mine"}, []string{"extra/mine.ko is there, and modules.dep does not know it: run depmod -b BASE 6.1.0-test"}, ""},
		{10, "an index older than the module", "the file was replaced after depmod", func(s *situation) {
			s.mine(nil)
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(s.dir, "extra/mine.ko"), later, later); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"why mine"}, []string{"its file is newer than modules.dep: run depmod -b BASE 6.1.0-test"}, ""},
		{10, "could not open moddep file", "modules.dep.bin is not there, and its text is", func(s *situation) {
			s.mine(nil)
			os.Remove(filepath.Join(s.dir, "modules.dep.bin"))
		}, []string{"why mine"}, []string{"no modules.dep.bin: kmodsh reads the text that is there, and kmod's programs do not", "run depmod -b BASE 6.1.0-test"}, ""},
		{10, "all that is stale in a tree", "of two modules one was removed and one replaced after depmod", func(s *situation) {
			s.file("extra/gone.ko", fits().Image())
			s.mine(nil)
			os.Remove(filepath.Join(s.dir, "extra/gone.ko"))
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(s.dir, "extra/mine.ko"), later, later); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"lint --tree TREE --conf CONF"}, []string{"names extra/gone.ko, which is not there; run depmod -b BASE 6.1.0-test", "is older than extra/mine.ko; run depmod"}, ""},
		{10, "depmod was never run", "a tree of files alone", func(s *situation) {
			s.file("extra/mine.ko", fits().Image())
			for _, f := range []string{"modules.dep", "modules.dep.bin"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"which --tree TREE --conf CONF mine"}, []string{"there is no modules.dep; run depmod -b BASE 6.1.0-test to get extra/mine.ko"}, ""},
		{10, "nothing answers an alias", "a tree without modules.alias", func(s *situation) {
			for _, f := range []string{"modules.alias", "modules.alias.bin"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"alias --tree TREE fs-ext4"}, []string{"not known: TREE has no modules.alias; run depmod -b BASE 6.1.0-test"}, ""},
		{10, "the catalogue held against nothing", "the same tree", func(s *situation) {
			for _, f := range []string{"modules.alias", "modules.alias.bin"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"alias --tree TREE --check"}, []string{"error: alias --check: TREE has no modules.alias; run depmod -b BASE 6.1.0-test"}, ""},
		{10, "the kernel's package is gone", "DKMS has left a directory behind", func(s *situation) {
			os.RemoveAll(filepath.Join(s.dir, "kernel"))
			os.Remove(filepath.Join(s.dir, "modules.order"))
			os.Remove(filepath.Join(s.dir, "modules.builtin"))
			s.file("updates/dkms/mine.ko", fits().Image())
			s.depmod()
		}, []string{"why ext4"}, []string{"has nothing of what comes with a kernel, no directory kernel and no modules.builtin: install the kernel's package again"}, ""},
		{10, "no tree for this kernel", "the kernel was updated without a reboot", func(s *situation) {
			s.depmod()
			if err := os.Rename(s.dir, s.dir+"-new"); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"why mine"}, []string{"no such directory; beside it is 6.1.0-test-new: was the kernel updated without a reboot"}, ""},
		{11, "an alias stands for several modules", "two modules answer char-major-116-1", func(s *situation) {
			s.file("kernel/sound/snd.ko", kmod.Tiny{Info: []string{"alias=char-major-116-*"}}.Image())
			s.file("kernel/sound/snd-seq.ko", kmod.Tiny{Info: []string{"alias=char-major-116-1"}}.Image())
			s.file("modules.order", []byte("kernel/sound/snd.ko\nkernel/sound/snd-seq.ko\n"))
			s.depmod()
		}, []string{"why char-major-116-1"}, []string{"aliases inside modules: yes: snd, snd_seq", "snd (kernel/sound/snd.ko)", "snd_seq (kernel/sound/snd-seq.ko)"}, ""},
		{12, "indexes of old kernels", "text indexes only, no modules.builtin.modinfo", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "alias=fs-mine") })
			for _, f := range []string{"modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.builtin.modinfo"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"why fs-mine"}, []string{"aliases inside modules: yes: mine", "has no modules.builtin.alias: aliases of built-in modules look as if nothing answered them"}, ""},
		{12, "a tree of an old kernel", "Linux 3.10, whose build makes no modules.builtin.modinfo, and a module of another kernel in it", func(s *situation) {
			old := filepath.Join(filepath.Dir(s.dir), "3.10.0-old")
			s.depmod()
			if err := os.Rename(s.dir, old); err != nil {
				s.t.Fatal(err)
			}
			s.dir = old
			os.RemoveAll(filepath.Join(s.dir, "kernel"))
			s.mine(func(m *kmod.Tiny) { m.Imports = m.Imports[:1] })
			for _, f := range []string{"modules.builtin.alias.bin", "modules.builtin.modinfo"} {
				os.Remove(filepath.Join(s.dir, f))
			}
		}, []string{"why --tree TREE --conf CONF mine"}, []string{"has no modules.builtin.alias: aliases of built-in modules look as if nothing answered them: kernels before 5.2 have no list of them", "odd, vermagic:", "names another release, and the kernel is 3.10.0-old", "not known, symbol versions: 2 checksums; those of the kernel are not known"}, ""},
	}
}
