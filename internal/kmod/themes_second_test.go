package kmod_test

import (
	"bytes"
	"os"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// themesSecond are the themes 13 to 23.
func themesSecond() []theme {
	wrong := []byte("\xb0\x07\xf4\x57\x00\x02\x00\x01\xf0\x00\x00\x00") // a binary index whose root leads out of the file
	return []theme{
		{13, "a damaged index", "modules.alias.bin was cut off by a loss of power", func(s *situation) {
			s.mine(nil)
			s.file("modules.alias.bin", wrong)
		}, []string{"why mine"}, []string{"! TREE/modules.alias.bin: damaged at byte 8"}, ""},
		{14, "the time depmod takes", "", nil, nil, nil, "it is about speed, and nothing fails: `make bench` shows ours beside kmod's"},
		{15, "the cost of many lookups", "", nil, nil, nil, "it is about speed: `kmodsh resolve --batch` keeps the indexes open"},
		{16, "output for machines", "why with --json", func(s *situation) { s.mine(nil) }, []string{"--json why mine"}, []string{`"via":"name"`, `"findings":[{"what":"signature"`}, ""},
		{16, "output for machines", "why of a file that is in no tree, with --json", func(s *situation) { s.file("mine.ko", fits().Image()) }, []string{"--json why TREE/mine.ko"}, []string{`"looked":[],"modules":[],"tree":{"dir":"","indexes":[]}`}, ""},
		{16, "modinfo for machines", "info with --json", func(s *situation) {
			s.mine(func(m *kmod.Tiny) { m.Info = append(m.Info, "description=Says x=1, and more") })
		}, []string{"--json info mine"}, []string{`"deps":["core"],"modinfo":[{"key":`, `{"key":"description","value":"Says x=1, and more"}`}, ""},
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
		}, []string{"why mine"}, []string{"! CONF/a.conf:1: weakdep mine second", "no effect on loading: it is for tools that make an initramfs", `and these get only the first weakdep line of a module, CONF/a.conf:1; for all of them write one line, "weakdep mine second first"`}, ""},
		{18, "a weakdep line of a pattern", "a weakdep line of a person whose pattern fits the module", func(s *situation) {
			s.mine(nil)
			s.config("a.conf", "weakdep mi* second\n")
		}, []string{"why mine"}, []string{"! CONF/a.conf:1: weakdep mi* second", "a softdep line would load what it names"}, ""},
		{19, "options: who wins, and what is no value", "options in a file and on the kernel's command line", func(s *situation) {
			s.mine(nil)
			s.config("a.conf", "options mine level=1 path=\"a b\"\n")
			s.cmd = `mine.level=many mine.levle=2`
		}, []string{"why mine on=1"}, []string{"parameter level=1 from CONF/a.conf:1, overridden by a later one", "parameter level=many from /proc/cmdline", `REFUSED, parameters: level=many: the parameter is of type int: "many" is no number (EINVAL)`, "odd, parameters: levle=2: the module has no parameter levle", "parameter on=1 from the command"}, ""},
		{20, "signatures: whose key, is it enrolled", "sig_enforce, and a module signed with a key that is not in the keyrings", func(s *situation) {
			s.file("extra/mine.ko", kmod.Signed(fits().Image()))
			s.depmod()
			s.sys = kernel.System{Enforced: "Y", KeysKnown: true, Keys: []kernel.Key{{Name: "Debian Secure Boot CA", ID: "6ccece7e"}}}
		}, []string{"why mine"}, []string{"not known, signature: signed by Build time key, key 1a2b3c4d5e6f, sha256; the kernel's keyrings have no key of that name", "one that another issued has a name of its own", "the kernel takes only modules that are signed with a key it has, and refuses others (EKEYREJECTED); sign it with a key that is enrolled (mokutil"}, ""},
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
