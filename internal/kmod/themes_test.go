package kmod_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

var updateThemes = flag.Bool("update", false, "rewrite docs/why.md")

func themes() []theme {
	wrong := []byte("\xb0\x07\xf4\x57\x00\x02\x00\x01\xf0\x00\x00\x00") // a binary index whose root leads out of the file
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
		}, []string{"why mine"}, []string{"its check is CRC64, and the kernel's own xz knows only CRC32", "kmodsh decompresses it itself", "xz --check=crc32"}, ""},
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
		}, []string{"why mine"}, []string{"! CONF/z.conf:1: softdep mine pre: first", "only the first softdep line of a module counts, modules.softdep:2"}, ""},
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
		}, []string{"why mine"}, []string{"extra/mine.ko is there, and modules.dep does not know it: run depmod"}, ""},
		{10, "an index older than the module", "the file was replaced after depmod", func(s *situation) {
			s.mine(nil)
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(s.dir, "extra/mine.ko"), later, later); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"why mine"}, []string{"its file is newer than modules.dep: run depmod"}, ""},
		{10, "no tree for this kernel", "the kernel was updated without a reboot", func(s *situation) {
			s.depmod()
			if err := os.Rename(s.dir, s.dir+"-new"); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"why mine"}, []string{"no such directory; beside it are 6.1.0-test-new: was the kernel updated without a reboot"}, ""},
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
		{13, "a damaged index", "modules.alias.bin was cut off by a loss of power", func(s *situation) {
			s.mine(nil)
			s.file("modules.alias.bin", wrong)
		}, []string{"why mine"}, []string{"! TREE/modules.alias.bin: damaged at byte 8"}, ""},
		{14, "the time depmod takes", "", nil, nil, nil, "it is about speed, and nothing fails: `make bench` shows ours beside kmod's"},
		{15, "the cost of many lookups", "", nil, nil, nil, "it is about speed: `kmodsh resolve --batch` keeps the indexes open"},
		{16, "output for machines", "why with --json", func(s *situation) { s.mine(nil) }, []string{"--json why mine"}, []string{`"via":"name"`, `"findings":[{"what":"signature"`}, ""},
		{17, "the module directory is a link", "lib/modules/RELEASE leads elsewhere", func(s *situation) {
			s.mine(nil)
			if err := os.Rename(s.dir, s.dir+".real"); err != nil {
				s.t.Fatal(err)
			}
			if err := os.Symlink(s.dir+".real", s.dir); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"why mine"}, []string{"the tree TREE is a link to TREE.real"}, ""},
		{18, "weak dependencies", "weakdep lines of a module and of a person", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "weakdep=first") })
			s.config("a.conf", "weakdep mine second\n")
		}, []string{"why mine"}, []string{"! CONF/a.conf:1: weakdep mine second", "no effect on loading: it is for tools that make an initramfs"}, ""},
		{19, "options: who wins, and what is no value", "options in a file and on the kernel's command line", func(s *situation) {
			s.mine(nil)
			s.config("a.conf", "options mine level=1 path=\"a b\"\n")
			s.cmd = `mine.level=many mine.levle=2`
		}, []string{"why mine on=1"}, []string{"parameter level=1 from CONF/a.conf:1, overridden by a later one", "parameter level=many from /proc/cmdline", `REFUSED, parameters: level=many: the parameter is of type int: "many" is no number (EINVAL)`, "odd, parameters: levle=2: the module has no parameter levle"}, ""},
		{20, "signatures: whose key, is it enrolled", "sig_enforce, and a module signed with a key that is not in the keyrings", func(s *situation) {
			s.file("extra/mine.ko", kmod.Signed(fits().Image()))
			s.depmod()
			s.sys = kernel.System{Enforced: "Y", KeysKnown: true, Keys: []kernel.Key{{Name: "Debian Secure Boot CA", ID: "6ccece7e"}}}
		}, []string{"why mine"}, []string{"REFUSED, signature: signed by Build time key, key 1a2b3c4d5e6f, sha256, whose key is in none of the kernel's keyrings", "(EKEYREJECTED); sign it with a key that is enrolled (mokutil"}, ""},
		{20, "signatures: is it right", "the certificate of the key is at hand", func(s *situation) {
			signed, cert := kmod.SignNew(s.t, fits().Image())
			s.file("extra/mine.ko", signed)
			s.file("MOK.der", cert)
			s.depmod()
		}, []string{"why --cert TREE/MOK.der mine"}, []string{"ok, signature: signed by Machine owner key, key 009a2b3c, sha256", "the signature is right, by the certificate in TREE/MOK.der"}, ""},
		{20, "signatures: is that key enrolled", "sig_enforce, the certificate at hand, and a key of the same name in the keyrings", func(s *situation) {
			signed, cert := kmod.SignNew(s.t, fits().Image())
			s.file("extra/mine.ko", signed)
			s.file("MOK.der", cert)
			s.depmod()
			s.sys = kernel.System{Enforced: "Y", KeysKnown: true, Keys: []kernel.Key{{Name: "Mine: Machine owner key", ID: "77"}}}
		}, []string{"why --cert TREE/MOK.der mine"}, []string{"REFUSED, signature: signed by Machine owner key, key 009a2b3c, sha256, whose key is in none of the kernel's keyrings", "(EKEYREJECTED)"}, ""},
		{20, "signatures: that key is enrolled", "the same, and the key of the certificate in the keyrings", func(s *situation) {
			signed, cert := kmod.SignNew(s.t, fits().Image())
			s.file("extra/mine.ko", signed)
			s.file("MOK.der", cert)
			s.depmod()
			s.sys = kernel.System{Enforced: "Y", KeysKnown: true, Keys: []kernel.Key{{Name: "Mine: Machine owner key", ID: "010203"}}}
		}, []string{"why --cert TREE/MOK.der mine"}, []string{"ok, signature: signed by Machine owner key, key 009a2b3c, sha256, whose key the kernel has (Mine: Machine owner key)"}, ""},
		{20, "signatures: without the certificate", "nothing demands a signature, and the key's certificate is not at hand", func(s *situation) {
			signed, _ := kmod.SignNew(s.t, fits().Image())
			s.file("extra/mine.ko", signed)
			s.depmod()
		}, []string{"why mine"}, []string{"not known, signature: signed by Machine owner key", "not verified: that takes the certificate of its key (--cert FILE)"}, ""},
		{20, "signatures: a changed file", "a byte was changed after the module was signed; nothing demands a signature", func(s *situation) {
			signed, cert := kmod.SignNew(s.t, fits().Image())
			signed = bytes.Replace(signed, []byte("license=GPL"), []byte("license=GPK"), 1)
			s.file("extra/mine.ko", signed)
			s.file("MOK.der", cert)
			s.depmod()
			s.sys = kernel.System{Enforced: "N", Lockdown: "none"}
		}, []string{"why --cert TREE/MOK.der mine"}, []string{"REFUSED, signature: signed by Machine owner key, key 009a2b3c, sha256", "the signature is WRONG, by the certificate in TREE/MOK.der: the file was changed after it was signed (EKEYREJECTED); install the package that has the file again"}, ""},
		{21, "others re-implement modprobe", "", nil, nil, nil, "nothing is wrong in a situation of its own; kmod.md compares ours with kmod's programs"},
		{22, "two files of one module", "one below updates, one that came with the kernel", func(s *situation) {
			s.file("updates/dkms/first.ko", kmod.Tiny{Info: []string{"license=GPL", testVermagic}}.Image())
			s.depmod()
		}, []string{"which --conf CONF first"}, []string{"> updates/dkms/first.ko", "not taken: updates/dkms/first.ko goes before it: updates, number 1 of the default search order"}, ""},
		{23, "the extended version tables", "a symbol with a name of over 55 bytes, in __version_ext_names", func(s *situation) {
			s.mine(func(m *kmod.Tiny) {
				m.Extended = []string{"_RNvNtCs1234_6kernel5print14format_strings_and_a_name_longer_than_the_rows"}
			})
		}, []string{"why mine"}, []string{"1 in the extended tables of Linux 6.14"}, ""},
	}
}

// TestThemes builds the situations people ask about, and checks what they are
// told. Its page, docs/why.md, is generated from what was said.
func TestThemes(t *testing.T) {
	var page strings.Builder
	page.WriteString(themesHead)
	for _, th := range themes() {
		if th.cannot != "" {
			fmt.Fprintf(&page, "| %d | %s | | not explained: %s |\n", th.number, th.name, th.cannot)
			continue
		}
		t.Run(fmt.Sprintf("%d %s", th.number, th.name), func(t *testing.T) {
			said := th.said(t)
			for _, w := range th.want {
				if !strings.Contains(said, w) {
					t.Errorf("%q is not said in\n%s", w, said)
				}
			}
		})
		fmt.Fprintf(&page, "| %d | %s | %s | %s |\n", th.number, th.name, th.built, strings.ReplaceAll("`"+strings.Join(th.want, "` … `")+"`", "|", "\\|"))
	}
	file := filepath.Join("..", "..", "docs", "why.md")
	if *updateThemes {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != page.String() {
		t.Errorf("docs/why.md is not what the test says (%v); run: go test ./internal/kmod -run Themes -update", err)
	}
}

const themesHead = `# What why explains

Generated from internal/kmod/themes_test.go, which builds each situation and checks the words on the right; do not edit:
go test ./internal/kmod -run Themes -update. The numbers are those of the themes that users and maintainers of kmod raise
most. TREE and CONF stand for the module tree and for a directory of modprobe.d.

| theme | what people meet | situation | what kmodsh says |
| --- | --- | --- | --- |
`

// said runs the verbs in a new situation and returns what the last one said.
func (th theme) said(t *testing.T) string {
	t.Helper()
	r := kernelTree(t, nil)
	s := &situation{t: t, dir: r.Tree().Dir(), conf: t.TempDir(), shows: bundle.Content{Modules: []kernel.Module{}, Log: []string{}}}
	th.build(s)
	s.shows.System = &s.sys
	s.shows.Release = testRelease
	session := ops.New()
	session.SetTarget(themeTarget{bundle.NewTarget("vm:test", &s.shows), s})
	defer session.Close()
	var out bytes.Buffer
	for _, line := range th.lines {
		out.Reset()
		words := strings.Fields(strings.NewReplacer("CONF", s.conf, "TREE", s.dir).Replace(line))
		asJSON := words[0] == "--json"
		if asJSON {
			words = words[1:]
		}
		res, err := session.Exec(t.Context(), words)
		if res != nil {
			if werr := ops.Write(&out, res, asJSON, ops.Style{Width: 2000}); werr != nil {
				t.Fatal(werr)
			}
		}
		if err != nil {
			fmt.Fprintln(&out, "error:", err)
		}
		if asJSON && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %s", out.String())
		}
	}
	text := strings.NewReplacer(s.conf, "CONF", s.dir, "TREE").Replace(out.String())
	return regexp.MustCompile(` *\n +`).ReplaceAllString(text, "\n")
}
