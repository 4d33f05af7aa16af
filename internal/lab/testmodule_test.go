package lab

import (
	"debug/elf"
	"encoding/binary"
	"strings"
)

// testModule makes a module file with the parts depmod looks at: its name, the
// symbols it exports and those it needs, each separated by spaces.
func testModule(name, exports, imports string) []byte {
	type section struct {
		name    string
		typ     elf.SectionType
		data    []byte
		link    uint32
		entsize uint64
	}
	strtab, symtab := []byte{0}, make([]byte, 24)
	symbol := func(name string, section uint16) {
		symtab = binary.LittleEndian.AppendUint32(symtab, uint32(len(strtab)))
		symtab = append(symtab, byte(elf.STB_GLOBAL)<<4, 0)
		symtab = binary.LittleEndian.AppendUint16(symtab, section)
		symtab = append(symtab, make([]byte, 16)...)
		strtab = append(append(strtab, name...), 0)
	}
	ksymtab := []byte{}
	for _, e := range strings.Fields(exports) {
		symbol(e, 1)
		symbol("__crc_"+e, uint16(elf.SHN_ABS))
		ksymtab = append(append(ksymtab, e...), 0)
	}
	for _, i := range strings.Fields(imports) {
		symbol(i, uint16(elf.SHN_UNDEF))
	}
	sections := []section{
		{},
		{name: ".modinfo", typ: elf.SHT_PROGBITS, data: []byte("license=GPL\x00name=" + name + "\x00")},
		{name: ".symtab", typ: elf.SHT_SYMTAB, data: symtab, link: 3, entsize: 24},
		{name: ".strtab", typ: elf.SHT_STRTAB, data: strtab},
		{name: "__ksymtab_strings", typ: elf.SHT_PROGBITS, data: ksymtab},
		{name: ".shstrtab", typ: elf.SHT_STRTAB},
	}
	names := []byte{0}
	at := make([]uint32, len(sections))
	for i, s := range sections[1:] {
		at[i+1] = uint32(len(names))
		names = append(append(names, s.name...), 0)
	}
	sections[5].data = names

	b := make([]byte, 64)
	var heads []byte
	put := func(v uint64) { heads = binary.LittleEndian.AppendUint64(heads, v) }
	for i, s := range sections {
		heads = binary.LittleEndian.AppendUint32(heads, at[i])
		heads = binary.LittleEndian.AppendUint32(heads, uint32(s.typ))
		put(0)
		put(0)
		put(uint64(len(b)))
		put(uint64(len(s.data)))
		heads = binary.LittleEndian.AppendUint32(heads, s.link)
		heads = binary.LittleEndian.AppendUint32(heads, 1)
		put(1)
		put(s.entsize)
		b = append(b, s.data...)
	}
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], uint16(elf.ET_REL))
	le.PutUint16(b[18:], uint16(elf.EM_X86_64))
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[40:], uint64(len(b)))
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[58:], 64)
	le.PutUint16(b[60:], uint16(len(sections)))
	le.PutUint16(b[62:], 5)
	return append(b, heads...)
}
