package refusal

import (
	"fmt"

	"example.org/kmodsh/internal/kmod"
)

// arch is how a machine's name (uname -m) and the words of an ELF header go
// together (arch/*/include/asm/elf.h, elf_check_arch).
type arch struct {
	name    string
	machine kmod.Machine
	bits    int
	big     bool
	kbuild  string // ARCH= of the kernel's build
}

// arches returns the machines that are known.
func arches() []arch {
	return []arch{
		{"x86_64", kmod.MachineX8664, 64, false, "x86"},
		{"i386", kmod.Machine386, 32, false, "x86"}, {"i486", kmod.Machine386, 32, false, "x86"},
		{"i586", kmod.Machine386, 32, false, "x86"}, {"i686", kmod.Machine386, 32, false, "x86"},
		{"aarch64", kmod.MachineAArch64, 64, false, "arm64"},
		{"armv5tel", kmod.MachineARM, 32, false, "arm"}, {"armv6l", kmod.MachineARM, 32, false, "arm"}, {"armv7l", kmod.MachineARM, 32, false, "arm"},
		{"ppc64le", kmod.MachinePPC64, 64, false, "powerpc"}, {"ppc64", kmod.MachinePPC64, 64, true, "powerpc"}, {"ppc", kmod.MachinePPC, 32, true, "powerpc"},
		{"s390x", kmod.MachineS390, 64, true, "s390"},
		{"riscv64", kmod.MachineRISCV, 64, false, "riscv"},
		{"loongarch64", kmod.MachineLoongArch, 64, false, "loongarch"},
		{"sparc64", kmod.MachineSparcV9, 64, true, "sparc"},
		{"parisc", kmod.MachinePARISC, 32, true, "parisc"}, {"parisc64", kmod.MachinePARISC, 64, true, "parisc"},
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
// elf_validity_check: "Invalid architecture in ELF header").
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
