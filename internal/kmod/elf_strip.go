package kmod

import (
	"bytes"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// shfAlloc is SHF_ALLOC of a section's flags: the kernel looks for sections by
// name among those that have it (kernel/module/main.c, find_sec).
const shfAlloc = 2

// stripVersions makes a module image one that init_module, which takes no
// flags, loads by force: without the tables of symbol versions, without
// vermagic (libkmod-elf.c of kmod 34, kmod_elf_strip). The image is changed in
// place. ENODATA says that there is no vermagic to take away.
func stripVersions(image []byte, flags kernel.InitFlags) error {
	f, err := elfOpen(elfImage(image))
	if err != nil {
		return err
	}
	if flags&kernel.IgnoreModversions != 0 {
		for _, s := range []elfSection{secVersions, secVersionExtCRCs, secVersionExtNames} {
			if f.at[s].there {
				f.clearAlloc(f.at[s].index)
			}
		}
	}
	if flags&kernel.IgnoreVermagic == 0 || !f.at[secModinfo].there {
		return nil
	}
	info, err := f.section(secModinfo)
	if err != nil {
		return err
	}
	if len(bytes.Trim(info, "\x00")) == 0 {
		return nil
	}
	found := false
	elfStrings(info, func(s []byte) {
		if !found && bytes.HasPrefix(s, []byte("vermagic=")) {
			found = true
			clear(s)
		}
	})
	if !found {
		return syscall.ENODATA
	}
	return nil
}

// clearAlloc takes SHF_ALLOC from section i. The headers are part of the image.
func (f *elfFile) clearAlloc(i int) {
	at := f.heads[i*f.shentsize()+8:]
	if f.is64 {
		f.order.PutUint64(at, f.order.Uint64(at)&^shfAlloc)
		return
	}
	f.order.PutUint32(at, f.order.Uint32(at)&^shfAlloc)
}
