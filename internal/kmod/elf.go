package kmod

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

// elfSource gives parts of a module image. bytes returns n bytes at off, which
// stay valid until the source is used for another file; it must refuse what
// lies outside the image.
type elfSource interface {
	bytes(off, n uint64) ([]byte, error)
	size() uint64
}

// elfImage is a whole image in memory.
type elfImage []byte

func (b elfImage) size() uint64 { return uint64(len(b)) }

func (b elfImage) bytes(off, n uint64) ([]byte, error) {
	if off > uint64(len(b)) || n > uint64(len(b))-off {
		return nil, fmt.Errorf("%w: %d bytes at %d reach past its end at %d", kernel.ErrDamaged, n, off, len(b))
	}
	return b[off : off+n : off+n], nil
}

// elfSection names the sections of a module that are of use here.
type elfSection int

const (
	secModinfo elfSection = iota
	secSymtab
	secStrtab
	secVersions
	secKsymtabStrings
	secThisModule
	secVersionExtCRCs
	secVersionExtNames
	secBuildID
	secCount
)

// elfSectionOf tells which of them a NUL-terminated name is; -1 for others.
func elfSectionOf(name []byte) elfSection {
	switch string(name) {
	case ".modinfo":
		return secModinfo
	case ".symtab":
		return secSymtab
	case ".strtab":
		return secStrtab
	case "__versions":
		return secVersions
	case "__ksymtab_strings":
		return secKsymtabStrings
	case ".gnu.linkonce.this_module":
		return secThisModule
	case "__version_ext_crcs":
		return secVersionExtCRCs
	case "__version_ext_names":
		return secVersionExtNames
	case ".note.gnu.build-id":
		return secBuildID
	}
	return -1
}

// elfFile is what is read of a module's ELF structure: where the sections of
// use are. debug/elf is not used: it makes a value for every section and
// symbol, where depmod looks at eight sections and two hundred thousand names.
type elfFile struct {
	src     elfSource
	order   binary.ByteOrder
	is64    bool
	machine Machine
	shnum   int
	at      [secCount]elfExtent
	heads   []byte // the section headers
	names   uint64 // size of the section names
	// past says which section of use reaches past the image's end, nil when none
	// does. It counts as not there, as for libkmod; the kernel refuses the module.
	past error
}

type elfExtent struct {
	off, size uint64
	index     int // of its header
	there     bool
}

// NotELFError says that a file is none in ELF, where others that make no sense are
// damaged ones. It wraps kernel.ErrDamaged.
type NotELFError struct{ why string }

func (e *NotELFError) Error() string { return kernel.ErrDamaged.Error() + ": " + e.why }

func (e *NotELFError) Unwrap() error { return kernel.ErrDamaged }

// longestMagic is how many bytes libkmod needs to tell ELF and compressed files apart.
const longestMagic = 6

// elfOpen reads the headers. Its errors wrap kernel.ErrDamaged.
func elfOpen(src elfSource) (*elfFile, error) {
	f := &elfFile{src: src}
	const identSize = 16 // EI_NIDENT
	short := fmt.Errorf("%w: too short for an ELF file", kernel.ErrDamaged)
	magic, err := src.bytes(0, longestMagic)
	if err != nil {
		return nil, short
	}
	if !bytes.HasPrefix(magic, []byte(elfMagic)) || src.size() <= identSize {
		return nil, &NotELFError{"not an ELF file"}
	}
	ident, err := src.bytes(0, 64) // no less, with at least one section header
	if err != nil {
		return nil, short
	}
	switch ident[elfDataAt] {
	case elfDataLSB:
		f.order = binary.LittleEndian
	case elfDataMSB:
		f.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%w: ELF data encoding %d", kernel.ErrDamaged, ident[elfDataAt])
	}
	var shoff uint64
	var shentsize, shstrndx int
	switch ident[elfClassAt] {
	case elfClass32:
		shoff = uint64(f.order.Uint32(ident[32:]))
		shentsize = int(f.order.Uint16(ident[46:]))
		f.shnum = int(f.order.Uint16(ident[48:]))
		shstrndx = int(f.order.Uint16(ident[50:]))
	case elfClass64:
		f.is64 = true
		shoff = f.order.Uint64(ident[40:])
		shentsize = int(f.order.Uint16(ident[58:]))
		f.shnum = int(f.order.Uint16(ident[60:]))
		shstrndx = int(f.order.Uint16(ident[62:]))
	default:
		return nil, fmt.Errorf("%w: ELF class %d", kernel.ErrDamaged, ident[elfClassAt])
	}
	f.machine = Machine(f.order.Uint16(ident[18:]))
	if shentsize != f.shentsize() {
		return nil, fmt.Errorf("%w: ELF section headers of %d bytes", kernel.ErrDamaged, shentsize)
	}
	if f.heads, err = src.bytes(shoff, uint64(f.shnum)*uint64(shentsize)); err != nil {
		return nil, fmt.Errorf("section headers: %w", err)
	}
	if shstrndx == 0 || shstrndx >= f.shnum {
		return nil, fmt.Errorf("%w: no ELF section names", kernel.ErrDamaged)
	}
	return f, f.findSections(shstrndx)
}

func (f *elfFile) shentsize() int {
	if f.is64 {
		return 64
	}
	return 40
}

// header returns name offset, file offset and size of section i.
func (f *elfFile) header(i int) (name uint32, off, size uint64) {
	h := f.heads[i*f.shentsize():]
	name = f.order.Uint32(h)
	if f.is64 {
		return name, f.order.Uint64(h[24:]), f.order.Uint64(h[32:])
	}
	return name, uint64(f.order.Uint32(h[16:])), uint64(f.order.Uint32(h[20:]))
}

// findSections notes where the sections of use are; of two with one name the
// first counts, as for libkmod, and one at the image's very beginning is none.
func (f *elfFile) findSections(shstrndx int) error {
	own, off, size := f.header(shstrndx)
	names, err := f.src.bytes(off, size)
	if err != nil {
		return fmt.Errorf("section names: %w", err)
	}
	if f.names = size; uint64(own) >= size || names[size-1] != 0 {
		return fmt.Errorf("%w: the section names do not end", kernel.ErrDamaged)
	}
	for i := 1; i < f.shnum; i++ {
		name, off, size := f.header(i)
		if uint64(name) >= uint64(len(names)) {
			continue
		}
		title, _ := elfString(names, uint64(name), maxSectionName)
		s := elfSectionOf(title)
		if s < 0 || f.at[s].there {
			continue
		}
		if off > f.src.size() || size > f.src.size()-off {
			if f.past == nil {
				f.past = fmt.Errorf("%w: section %s reaches past the end", kernel.ErrDamaged, title)
			}
			continue
		}
		if off == 0 {
			continue
		}
		f.at[s] = elfExtent{off, size, i, true}
	}
	return nil
}

// section returns a section's bytes, nil when there is none.
func (f *elfFile) section(s elfSection) ([]byte, error) {
	if !f.at[s].there {
		return nil, nil
	}
	return f.src.bytes(f.at[s].off, f.at[s].size)
}

// maxSectionName is more than the longest section name of use here.
const maxSectionName = 64

// elfString returns the string at off, to its NUL or the table's end. Of one
// longer than limit it returns that much and false: in a table made for the
// purpose every name could be as long as the table, and reading them all would
// take its square.
func elfString(table []byte, off uint64, limit int) ([]byte, bool) {
	if off >= uint64(len(table)) {
		return nil, true
	}
	s := table[off:]
	if len(s) > limit {
		s = s[:limit]
	}
	if n := bytes.IndexByte(s, 0); n >= 0 {
		return s[:n], true
	}
	return s, len(s) < limit
}

// elfStrings calls fn for every non-empty NUL-separated string.
func elfStrings(b []byte, fn func(s []byte)) {
	for len(b) > 0 {
		n := bytes.IndexByte(b, 0)
		if n < 0 {
			fn(b)
			return
		}
		if n > 0 {
			fn(b[:n])
		}
		b = b[n+1:]
	}
}

// buildID returns what a note of type NT_GNU_BUILD_ID holds: lengths of name
// and description, the type 3, the name "GNU", the description.
func (f *elfFile) buildID(note []byte) []byte {
	const head, gnu = 12, 4
	if len(note) < head+gnu || f.order.Uint32(note) != gnu || f.order.Uint32(note[8:]) != 3 {
		return nil
	}
	n := uint64(f.order.Uint32(note[4:]))
	if n > uint64(len(note)-head-gnu) {
		return nil
	}
	return note[head+gnu : head+gnu+int(n)]
}
