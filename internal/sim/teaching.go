package sim

import "time"

// TeachingSystem is the machine that comes with kmodsh: some forty modules
// with the names, dependencies, aliases and soft dependencies they have in
// distribution kernels, cut down to what a person can keep in view, and the
// measured test modules victim and user.
func TeachingSystem() (*System, error) { return Install(teachingSetup()) }

func teachingSetup() Setup {
	return Setup{
		Release:  "6.12.0-sim",
		Modules:  teachingModules(),
		Builtins: []string{"unix", "ipv6", "ext2", "sd_mod", "virtio_blk", "psmouse", "efivarfs"},
		// Code that has parameters or a version, and with them a directory
		// under /sys/module, without being a module.
		Dirs: []string{"vt", "module", "kernel", "printk", "workqueue", "rcupdate", "ipv6", "psmouse"},
	}
}

func teachingModules() []Installed {
	fs := func(dir, name string, needs []string, aliases ...string) Installed {
		return mod("fs/"+dir, name, 80, needs, append([]string{"fs-" + name}, aliases...)...).provides("fs:" + name)
	}
	n := func(names ...string) []string { return names }
	list := []Installed{
		// file systems
		fs("ext4", "ext4", n("mbcache", "jbd2", "crc16"), "fs-ext3").soft("crc32c_generic").provides("fs:ext4", "fs:ext3"),
		mod("fs", "mbcache", 16, nil),
		mod("fs/jbd2", "jbd2", 40, nil),
		mod("lib", "crc16", 12, nil),
		mod("lib", "libcrc32c", 12, nil).soft("crc32c_generic"),
		mod("crypto", "crc32c_generic", 12, nil, "crc32c", "crypto-crc32c"),
		fs("xfs", "xfs", n("libcrc32c")),
		fs("btrfs", "btrfs", n("xor", "raid6_pq", "zstd_compress", "libcrc32c"), "char-major-10-234", "devname:btrfs-control"),
		mod("crypto", "xor", 24, nil),
		mod("lib/raid6", "raid6_pq", 120, nil),
		mod("lib/zstd", "zstd_compress", 280, nil),
		fs("fat", "vfat", n("fat")),
		mod("fs/fat", "fat", 80, nil),
		mod("fs/nls", "nls_cp437", 16, nil),
		fs("minix", "minix", nil),
		fs("fuse", "fuse", nil, "char-major-10-229", "devname:fuse"),
		mod("drivers/block", "loop", 36, nil, "block-major-7-*", "char-major-10-237", "devname:loop-control"),
		// network
		mod("net/netfilter", "nfnetlink", 20, nil, "net-pf-16-proto-12"),
		mod("net/netfilter", "nf_tables", 300, n("nfnetlink", "libcrc32c"), "nfnetlink-subsys-10"),
		mod("net/netfilter", "nf_conntrack", 180, n("nf_defrag_ipv4", "nf_defrag_ipv6", "libcrc32c")),
		mod("net/netfilter", "nf_nat", 56, n("nf_conntrack", "libcrc32c")),
		mod("net/ipv4/netfilter", "nf_defrag_ipv4", 16, nil),
		mod("net/ipv6/netfilter", "nf_defrag_ipv6", 24, nil),
		mod("net/sctp", "sctp", 440, n("libcrc32c"), "net-pf-2-proto-132", "net-pf-10-proto-132"),
		mod("net/ipv4", "tcp_bbr", 20, nil),
		mod("net/llc", "llc", 16, nil),
		mod("net/802", "stp", 16, n("llc")),
		mod("net/bridge", "bridge", 320, n("stp", "llc"), "rtnl-link-bridge"),
		mod("drivers/net", "dummy", 16, nil, "rtnl-link-dummy", "netdev-dummy0"),
		mod("drivers/net", "tun", 60, nil, "char-major-10-200", "devname:net/tun"),
		mod("crypto", "af_alg", 32, nil, "net-pf-38"),
		mod("crypto", "algif_hash", 16, n("af_alg")),
		// sound
		mod("sound", "soundcore", 16, nil),
		mod("sound/core", "snd", 120, n("soundcore"), "char-major-116-*"),
		mod("sound/core", "snd_timer", 40, n("snd"), "devname:snd/timer", "char-major-116-33"),
		mod("sound/core", "snd_pcm", 160, n("snd", "snd_timer")),
		mod("sound/core", "snd_seq_device", 16, n("snd")),
		mod("sound/core/seq", "snd_seq", 90, n("snd", "snd_timer", "snd_seq_device"), "char-major-116-1", "devname:snd/seq"),
		mod("sound/core/seq", "snd_seq_dummy", 12, n("snd_seq", "snd_seq_device"), "snd-seq-client-14").provides("seq:14"),
		mod("sound/hda", "snd_hda_core", 120, n("snd", "snd_pcm")),
		mod("sound/pci/hda", "snd_hda_codec", 180, n("snd", "snd_pcm", "snd_hda_core")),
		mod("sound/pci/hda", "snd_hda_intel", 56, n("snd", "snd_pcm", "snd_hda_core", "snd_hda_codec"), "pci:v00008086d00002668sv*sd*bc*sc*i*"),
	}
	return append(append(append(list, testModules()...), asyncModules()...), requestModules()...)
}

// testModules are the modules of the measured vectors and of the kernel's own
// selftest (lib/test_module.c, tools/testing/selftests/kmod).
func testModules() []Installed {
	victim := mod("test", "victim", 12, nil)
	victim.Spec.InitSize, victim.Spec.Taint = 8<<10, "OE"
	victim.Spec.Exports = []string{"victim_a", "victim_b"}
	victim.Spec.Params = []ParamSpec{
		{Name: "s", Kind: ParamCharp}, {Name: "n"}, {Name: "init_ms"}, {Name: "init_ret"}, {Name: "exit_ms"},
	}
	user := mod("test", "user", 12, nil)
	user.Spec.Taint = "OE"
	user.Spec.Uses = []SymbolSpec{{Name: "victim_a"}, {Name: "victim_b"}}
	test := mod("test", "test_module", 12, nil)
	slow := mod("test", "slow", 12, nil)
	slow.Spec.Body.InitSleep = time.Second
	broken := mod("test", "broken", 12, nil)
	broken.Spec.Body.InitRet = EIO
	short := mod("test", "twobytes", 0, nil)
	short.Spec.Defects.Short = true
	return []Installed{victim, user, test, slow, broken, short}
}

// mod is one plain module; its size is in KiB.
func mod(dir, name string, size int64, needs []string, aliases ...string) Installed {
	return Installed{Dir: dir, Needs: needs, Aliases: aliases, Spec: Spec{Name: name, CoreSize: size << 10, InitSize: 4 << 10, SrcVersion: true}}
}

func (m Installed) soft(pre ...string) Installed { m.Pre = pre; return m }

func (m Installed) provides(what ...string) Installed { m.Spec.Body.Provides = what; return m }
