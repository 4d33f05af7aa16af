package refusal

import (
	"debug/elf"
	"fmt"

	"example.org/kmodsh/internal/kmod"
)

// arch is how a machine's name (uname -m) and the words of an ELF header go
// together (arch/*/include/asm/elf.h, elf_check_arch).
type arch struct {
	name    string
	machine elf.Machine
	bits    int
	big     bool
	kbuild  string // ARCH= of the kernel's build
}

// arches returns the machines that are known.
func arches() []arch {
	return []arch{
		{"x86_64", elf.EM_X86_64, 64, false, "x86"},
		{"i386", elf.EM_386, 32, false, "x86"}, {"i486", elf.EM_386, 32, false, "x86"},
		{"i586", elf.EM_386, 32, false, "x86"}, {"i686", elf.EM_386, 32, false, "x86"},
		{"aarch64", elf.EM_AARCH64, 64, false, "arm64"},
		{"armv5tel", elf.EM_ARM, 32, false, "arm"}, {"armv6l", elf.EM_ARM, 32, false, "arm"}, {"armv7l", elf.EM_ARM, 32, false, "arm"},
		{"ppc64le", elf.EM_PPC64, 64, false, "powerpc"}, {"ppc64", elf.EM_PPC64, 64, true, "powerpc"}, {"ppc", elf.EM_PPC, 32, true, "powerpc"},
		{"s390x", elf.EM_S390, 64, true, "s390"},
		{"riscv64", elf.EM_RISCV, 64, false, "riscv"},
		{"loongarch64", elf.EM_LOONGARCH, 64, false, "loongarch"},
		{"sparc64", elf.EM_SPARCV9, 64, true, "sparc"},
		{"parisc", elf.EM_PARISC, 32, true, "parisc"}, {"parisc64", elf.EM_PARISC, 64, true, "parisc"},
	}
}

// archOf names the machine that a module is built for.
func archOf(m *kmod.ModuleFacts) string {
	for _, a := range arches() {
		if a.machine == m.Machine && a.bits == m.Bits && a.big == m.BigEndian {
			return a.name
		}
	}
	order := "little"
	if m.BigEndian {
		order = "big"
	}
	return fmt.Sprintf("%v, %d bits, %s endian", m.Machine, m.Bits, order)
}

// checkArch compares the ELF header with the machine (kernel/module/main.c,
// elf_validity_check: "Invalid module architecture in ELF header").
func (c *Checker) checkArch(m *kmod.ModuleFacts) Finding {
	f := Finding{What: WhatArch, State: Fits, Text: archOf(m)}
	want := c.System.Machine
	if want == "" {
		if ref := c.reference(); ref != nil {
			want = archOf(ref.facts)
		}
	}
	if want == "" {
		f.State, f.Text = Unknown, "it is built for "+f.Text+"; what the kernel runs on is not known"
		return f
	}
	for _, a := range arches() {
		if a.name == want && (a.machine != m.Machine || a.bits != m.Bits || a.big != m.BigEndian) {
			f.State, f.Errno = Refused, "ENOEXEC"
			f.Text = fmt.Sprintf("it is built for %s, and the kernel runs on %s", f.Text, want)
			f.Mend = "build it for this machine (make ARCH=" + a.kbuild + "), or get the package of this architecture"
		}
	}
	return f
}
