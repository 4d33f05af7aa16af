package kmod

import "fmt"

// The words of ELF headers that are used here (elf(5)). The package debug/elf
// is not imported: with it come decompressors and debug information, which
// would be initialised in every modprobe, and keep others from being first.
const (
	elfMagic = "\x7fELF"

	elfClassAt, elfDataAt    = 4, 5 // EI_CLASS, EI_DATA
	elfClass32, elfClass64   = 1, 2 // ELFCLASS32, ELFCLASS64
	elfDataLSB, elfDataMSB   = 1, 2 // ELFDATA2LSB, ELFDATA2MSB
	elfUndefined, elfAbs     = 0, 0xfff1
	elfBindWeak              = 2      // STB_WEAK
	elfBindShift, elfTypeBit = 4, 0xf // of st_info
)

// Machine is the number of an architecture in an ELF header (EM_…).
type Machine uint16

// The machines that Linux runs on and distributions have modules for.
const (
	MachineSparc     Machine = 2
	Machine386       Machine = 3
	MachineMIPS      Machine = 8
	MachinePARISC    Machine = 15
	MachinePPC       Machine = 20
	MachinePPC64     Machine = 21
	MachineS390      Machine = 22
	MachineARM       Machine = 40
	MachineSparcV9   Machine = 43
	MachineX8664     Machine = 62
	MachineAArch64   Machine = 183
	MachineRISCV     Machine = 243
	MachineLoongArch Machine = 258
)

// String names it as headers do.
func (m Machine) String() string {
	switch m {
	case MachineSparc:
		return "EM_SPARC"
	case Machine386:
		return "EM_386"
	case MachineMIPS:
		return "EM_MIPS"
	case MachinePARISC:
		return "EM_PARISC"
	case MachinePPC:
		return "EM_PPC"
	case MachinePPC64:
		return "EM_PPC64"
	case MachineS390:
		return "EM_S390"
	case MachineARM:
		return "EM_ARM"
	case MachineSparcV9:
		return "EM_SPARCV9"
	case MachineX8664:
		return "EM_X86_64"
	case MachineAArch64:
		return "EM_AARCH64"
	case MachineRISCV:
		return "EM_RISCV"
	case MachineLoongArch:
		return "EM_LOONGARCH"
	}
	return fmt.Sprintf("machine %d", uint16(m))
}
