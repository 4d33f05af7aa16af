package kmod

import (
	"bytes"
	"cmp"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

// elfSymbol is one row of a symbol table; name points into the image.
type elfSymbol struct {
	name    []byte
	value   uint64
	section uint16
	weak    bool
	cut     bool // name is not all of it
	outside bool // the name is not in .strtab; name is nil
	typ     byte // STT_…
}

// maxSymbolName is the longest name in bytes that an imported or exported
// symbol may have; the kernel's KSYM_NAME_LEN is 512 (Linux 6.1).
const maxSymbolName = 4096

// symbols calls fn for the rows of .symtab that say what the module imports
// (undefined) or exports (__crc_NAME). A module without .symtab or .strtab has
// none. Their names together may not be much longer than the table that holds
// them, so that a small file cannot ask for large memory.
func (f *elfFile) symbols(fn func(elfSymbol)) error {
	var outside error
	err := f.symbolRows(func(s elfSymbol) {
		if s.outside {
			outside = fmt.Errorf("%w: a symbol's name lies outside .strtab", kernel.ErrDamaged)
			return
		}
		fn(s)
	})
	return cmp.Or(err, outside)
}

// symbolRows is symbols that also calls fn for rows whose name is outside.
func (f *elfFile) symbolRows(fn func(elfSymbol)) error {
	room := 4*int(f.at[secStrtab].size) + 1<<16
	return f.rows(func(s elfSymbol) error {
		if s.section != elfUndefined && !s.outside && !bytes.HasPrefix(s.name, elfCRCPrefix) {
			return nil
		}
		if room -= len(s.name); s.cut || room < 0 {
			return fmt.Errorf("%w: symbol names of no sensible length", kernel.ErrDamaged)
		}
		fn(s)
		return nil
	})
}

// rows calls fn for every row of .symtab but the first, which is empty.
func (f *elfFile) rows(fn func(elfSymbol) error) error {
	table, err := f.section(secSymtab)
	if err != nil {
		return err
	}
	names, err := f.section(secStrtab)
	if err != nil {
		return err
	}
	if table == nil || names == nil {
		return nil
	}
	row := 16
	if f.is64 {
		row = 24
	}
	if len(table)%row != 0 {
		return fmt.Errorf("%w: .symtab of %d bytes is no multiple of %d", kernel.ErrDamaged, len(table), row)
	}
	for b := table[min(row, len(table)):]; len(b) > 0; b = b[row:] {
		var s elfSymbol
		var info byte
		name := uint64(f.order.Uint32(b))
		if f.is64 {
			info, s.section, s.value = b[4], f.order.Uint16(b[6:]), f.order.Uint64(b[8:])
		} else {
			s.value, info, s.section = uint64(f.order.Uint32(b[4:])), b[12], f.order.Uint16(b[14:])
		}
		if s.outside = name >= uint64(len(names)); !s.outside {
			var whole bool
			s.name, whole = elfString(names, name, maxSymbolName)
			s.cut = !whole
		}
		s.weak = info>>elfBindShift == elfBindWeak
		s.typ = info & elfTypeBit
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

// undefined reports whether the module asks somebody else for s. SPARC's
// register symbols look undefined and are not.
func (f *elfFile) undefined(s elfSymbol) bool {
	const sttRegister = 13 // STT_SPARC_REGISTER
	if s.section != elfUndefined || len(s.name) == 0 && !s.outside {
		return false
	}
	sparc := f.machine == MachineSparc || f.machine == MachineSparcV9
	return !sparc || s.typ != sttRegister
}

var elfCRCPrefix = []byte("__crc_")

// exported returns the name under which s says that a symbol is exported:
// module versioning leaves a __crc_NAME for each.
func (s elfSymbol) exported() ([]byte, bool) {
	return bytes.CutPrefix(s.name, elfCRCPrefix)
}

// crc resolves the value of a __crc_NAME symbol: itself when absolute (Linux
// up to 4.x), else the word at that place of its section. ok is false when
// that place is outside the image.
func (f *elfFile) crc(s elfSymbol) (crc uint32, ok bool) {
	switch s.section {
	case elfAbs, elfUndefined:
		return uint32(s.value), true
	}
	return f.word(s)
}

// word reads the 32 bits at the place that a symbol stands for. ok is false when
// that place is outside the image.
func (f *elfFile) word(s elfSymbol) (w uint32, ok bool) {
	if int(s.section) >= f.shnum {
		return 0, false
	}
	name, off, size := f.header(int(s.section))
	if uint64(name) >= f.names || off > f.src.size() || size > f.src.size()-off || size < 4 || s.value > size-4 || off+s.value < off {
		return 0, false
	}
	b, err := f.src.bytes(off+s.value, 4)
	if err != nil {
		return 0, false
	}
	return f.order.Uint32(b), true
}

// versionRow is the size in bytes of struct modversion_info.
const versionRow = 64

// elfVersion is a symbol that a module was built against; name points into the
// image.
type elfVersion struct {
	name []byte
	crc  uint64 // a long of the module's machine in __versions
	cut  bool   // no NUL ends the name
}

// versions calls fn for the checksums of symbols the module was built
// against: the rows of __versions (64 bytes each: a long, then the name,
// struct modversion_info), then those of the extended tables (Linux 6.14:
// __version_ext_crcs, 32 bits each, beside NUL-terminated
// __version_ext_names).
func (f *elfFile) versions(fn func(elfVersion)) error {
	b, err := f.section(secVersions)
	if err != nil {
		return err
	}
	const row = versionRow
	if len(b)%row != 0 {
		return fmt.Errorf("%w: __versions of %d bytes is no multiple of %d", kernel.ErrDamaged, len(b), row)
	}
	for ; len(b) > 0; b = b[row:] {
		v := elfVersion{name: b[4:row]}
		if f.is64 {
			v.name, v.crc = b[8:row], f.order.Uint64(b)
		} else {
			v.crc = uint64(f.order.Uint32(b))
		}
		n := bytes.IndexByte(v.name, 0)
		if v.cut = n < 0; !v.cut {
			v.name = v.name[:n]
		}
		fn(v)
	}
	crcs, err := f.section(secVersionExtCRCs)
	if err != nil {
		return err
	}
	names, err := f.section(secVersionExtNames)
	if err != nil {
		return err
	}
	for len(crcs) >= 4 && len(names) > 0 {
		n := bytes.IndexByte(names, 0)
		if n < 0 {
			return nil // extendedFault tells of it
		}
		fn(elfVersion{name: names[:n], crc: uint64(f.order.Uint32(crcs))})
		crcs, names = crcs[4:], names[n+1:]
	}
	return nil
}

// extendedFault says why kernels from 6.14 on refuse the extended tables of
// versions (kernel/module/main.c, elf_validity_cache_index_versions), "" when they
// do not: each of the two needs the other, and every checksum a name.
func (f *elfFile) extendedFault() (string, error) {
	const crcs, names = "__version_ext_crcs", "__version_ext_names"
	switch haveCRCs, haveNames := f.at[secVersionExtCRCs].there, f.at[secVersionExtNames].there; {
	case haveCRCs && !haveNames:
		return "it has " + crcs + " and no " + names, nil
	case haveNames && !haveCRCs:
		return "it has " + names + " and no " + crcs, nil
	}
	b, err := f.section(secVersionExtNames)
	if err != nil {
		return "", err
	}
	if n, all := bytes.Count(b, []byte{0}), f.at[secVersionExtCRCs].size/4; uint64(n) < all {
		return fmt.Sprintf("it has more checksums than names for them: %s %d, %s %d", crcs, all, names, n), nil
	}
	return "", nil
}
