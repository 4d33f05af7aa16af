package sim

import "example.org/kmodsh/internal/trace"

// modulesStart is where x86-64 kernels built with RANDOMIZE_BASE begin to put
// modules (arch/x86/include/asm/pgtable_64_types.h, MODULES_VADDR). The offset
// they choose at random at boot is 0 here.
const modulesStart = 0xffffffffc0000000

// modulesSpace is how much room there is (MODULES_LEN); beyond it places are
// given out a second time.
const modulesSpace = 1 << 30

// place gives a module its memory's address: whole pages, and an empty one
// after them (mm/vmalloc.c, VM_NO_GUARD). What was freed is not used again,
// since the kernel too gives it back late.
func (w *World) place(m *Module) {
	m.base = modulesStart + w.placed%modulesSpace
	w.placed += uint64(w.Size(m)+pageSize-1)&^(pageSize-1) + pageSize
}

// address is where the module's text is, 0 for one that nobody can see:
// /proc/modules and the file sections/.text show it.
func (m *Module) address() uint64 {
	if m.State == trace.Unformed {
		return 0
	}
	return m.base
}
