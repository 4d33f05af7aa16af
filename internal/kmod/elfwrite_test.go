package kmod

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
)

// tinyModule describes a module file with just the parts depmod looks at.
type tinyModule struct {
	bits      int // 32 or 64, 0 for 64
	bigEndian bool
	info      []string // KEY=VALUE
	exports   []string
	imports   []string
	weak      []string
	noCRC     bool     // no __crc_ symbols: names in __ksymtab_strings only
	versions  []string // extra rows of __versions
	extended  []string // rows of the extended version tables
	// crcs are checksums other than tinyCRC, of versions and exports.
	crcs map[string]uint32
	// limits are of parameters that are arrays.
	limits map[string]uint32
	this   int // size of .gnu.linkonce.this_module, 0 for 128, -1 for no such section
}

func (m tinyModule) crc(name string) uint32 {
	if crc, ok := m.crcs[name]; ok {
		return crc
	}
	return tinyCRC(name)
}

// tinyCRC is the checksum that tiny modules give a symbol.
func tinyCRC(name string) uint32 {
	var crc uint32 = 5381
	for i := 0; i < len(name); i++ {
		crc = crc*33 + uint32(name[i])
	}
	return crc
}

// image lays the module out as an ELF object.
func (m tinyModule) image() []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	data := elf.ELFDATA2LSB
	if m.bigEndian {
		order, data = binary.BigEndian, elf.ELFDATA2MSB
	}
	is64 := m.bits != 32

	strtab := []byte{0}
	var symtab []byte
	symbol := func(name string, info byte, section uint16, value uint64) {
		at := uint32(len(strtab))
		strtab = append(append(strtab, name...), 0)
		symtab = order.AppendUint32(symtab, at)
		if is64 {
			symtab = append(symtab, info, 0)
			symtab = order.AppendUint16(symtab, section)
			symtab = order.AppendUint64(symtab, value)
			symtab = order.AppendUint64(symtab, 0)
			return
		}
		symtab = order.AppendUint32(symtab, uint32(value))
		symtab = order.AppendUint32(symtab, 0)
		symtab = append(symtab, info, 0)
		symtab = order.AppendUint16(symtab, section)
	}
	var versions []byte
	version := func(name string) {
		row := make([]byte, 0, 64)
		if is64 {
			row = order.AppendUint64(row, uint64(m.crc(name)))
		} else {
			row = order.AppendUint32(row, m.crc(name))
		}
		row = append(row, name...)
		versions = append(versions, row[:64]...)
	}
	global, weak := byte(elf.STB_GLOBAL)<<4, byte(elf.STB_WEAK)<<4
	const crcSection = 6
	symtab = make([]byte, 16, 4096)
	if is64 {
		symtab = make([]byte, 24, 4096)
	}
	var crcs []byte
	for _, e := range m.exports {
		symbol(e, global, 1, 0)
		if !m.noCRC {
			symbol("__crc_"+e, global, crcSection, uint64(len(crcs)))
			crcs = order.AppendUint32(crcs, m.crc(e))
		}
	}
	for name, limit := range m.limits {
		symbol("__param_arr_"+name, 0, crcSection, uint64(len(crcs)))
		crcs = order.AppendUint32(crcs, limit)
	}
	for _, i := range m.imports {
		symbol(i, global, 0, 0)
		version(i)
	}
	for _, i := range m.weak {
		symbol(i, weak, 0, 0)
	}
	for _, v := range m.versions {
		version(v)
	}
	var extCRCs, extNames []byte
	for _, v := range m.extended {
		extCRCs = order.AppendUint32(extCRCs, m.crc(v))
		extNames = append(append(extNames, v...), 0)
	}
	join := func(s []string) []byte {
		if len(s) == 0 {
			return nil
		}
		return []byte(strings.Join(s, "\x00") + "\x00")
	}
	this, size := ".gnu.linkonce.this_module", m.this
	switch size {
	case 0:
		size = 128
	case -1:
		this = ".nothing"
	}
	sections := []struct {
		name string
		typ  elf.SectionType
		data []byte
	}{
		{"", elf.SHT_NULL, nil},
		{".text", elf.SHT_PROGBITS, []byte{0xc3}},
		{".modinfo", elf.SHT_PROGBITS, join(m.info)},
		{".symtab", elf.SHT_SYMTAB, symtab},
		{".strtab", elf.SHT_STRTAB, strtab},
		{"__ksymtab_strings", elf.SHT_PROGBITS, join(m.exports)},
		{"__kcrctab", elf.SHT_PROGBITS, crcs},
		{"__versions", elf.SHT_PROGBITS, versions},
		{"__version_ext_crcs", elf.SHT_PROGBITS, extCRCs},
		{"__version_ext_names", elf.SHT_PROGBITS, extNames},
		{this, elf.SHT_PROGBITS, make([]byte, max(size, 0))},
		{".shstrtab", elf.SHT_STRTAB, nil},
	}
	var names []byte
	nameAt := make([]uint32, len(sections))
	for i, s := range sections {
		nameAt[i] = uint32(len(names))
		names = append(append(names, s.name...), 0)
	}
	sections[len(sections)-1].data = names

	head, shentsize := 52, 40
	if is64 {
		head, shentsize = 64, 64
	}
	body := make([]byte, head)
	offsets := make([]int, len(sections))
	for i, s := range sections {
		offsets[i] = len(body)
		body = append(body, s.data...)
	}
	shoff := len(body)
	for i, s := range sections {
		name, typ, size, off := nameAt[i], uint32(s.typ), uint64(len(s.data)), uint64(offsets[i])
		if is64 {
			var h bytes.Buffer
			binary.Write(&h, order.(binary.ByteOrder), elf.Section64{Name: name, Type: typ, Off: off, Size: size})
			body = append(body, h.Bytes()...)
		} else {
			var h bytes.Buffer
			binary.Write(&h, order.(binary.ByteOrder), elf.Section32{Name: name, Type: typ, Off: uint32(off), Size: uint32(size)})
			body = append(body, h.Bytes()...)
		}
	}
	var ident [elf.EI_NIDENT]byte
	copy(ident[:], elf.ELFMAG)
	ident[elf.EI_CLASS], ident[elf.EI_DATA], ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(data), 1
	var h bytes.Buffer
	if is64 {
		binary.Write(&h, order.(binary.ByteOrder), elf.Header64{Ident: ident, Type: 1, Machine: 62, Version: 1, Shoff: uint64(shoff),
			Ehsize: 64, Shentsize: uint16(shentsize), Shnum: uint16(len(sections)), Shstrndx: uint16(len(sections) - 1)})
	} else {
		ident[elf.EI_CLASS] = byte(elf.ELFCLASS32)
		binary.Write(&h, order.(binary.ByteOrder), elf.Header32{Ident: ident, Type: 1, Machine: 3, Version: 1, Shoff: uint32(shoff),
			Ehsize: 52, Shentsize: uint16(shentsize), Shnum: uint16(len(sections)), Shstrndx: uint16(len(sections) - 1)})
	}
	copy(body, h.Bytes())
	return body
}
