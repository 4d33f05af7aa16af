package applet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// koText makes a module file of a description, one word and its argument on
// each line:
//
//	info KEY=VALUE   a field of .modinfo
//	export NAME      an exported symbol with a checksum
//	import NAME      a symbol that is asked for, with the checksum of export
//	weak NAME        one that may be missing
//	version NAME     a row of __versions without a symbol
//	nocrc            exports are in __ksymtab_strings only
//	big, 32          byte order, class
//	sign             a signature of no sense behind the image
//	sign HEX HEX     a signature and its trailer
//	buildid HEX      the linker's note
//	drop SECTION     it has another name
//	past SECTION     it reaches past the end
//	odd SECTION      it has three bytes too many
//	long             a row of __versions whose name does not end
//	machine NUMBER   e_machine
//
// The checksum of a symbol is made of its name alone.
func koText(text string) []byte {
	var m koFile
	for line := range strings.Lines(text) {
		word, arg, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch word {
		case "info":
			m.info += strings.ReplaceAll(arg, `\n`, "\n") + "\x00"
		case "export":
			m.exports = append(m.exports, arg)
		case "import":
			m.imports = append(m.imports, arg)
			m.versions = append(m.versions, arg)
		case "weak":
			m.weak = append(m.weak, arg)
		case "version":
			m.versions = append(m.versions, arg)
		case "nocrc":
			m.noCRC = true
		case "big":
			m.big = true
		case "32":
			m.narrow = true
		case "sign":
			sig, trailer, _ := strings.Cut(arg, " ")
			if arg == "" {
				sig, trailer = "736967", "000002000000000000000003"
			}
			m.tail, _ = hex.DecodeString(sig + trailer)
			m.tail = append(m.tail, "~Module signature appended~\n"...)
		case "drop", "past", "odd":
			m.wrong = append(m.wrong, [2]string{word, arg})
		case "long":
			m.versions = append(m.versions, strings.Repeat("n", 60))
		case "machine":
			m.machine, _ = strconv.Atoi(arg)
		case "buildid":
			m.buildID, _ = hex.DecodeString(arg)
		}
	}
	return m.image()
}

type koFile struct {
	info                             string
	exports, imports, weak, versions []string
	noCRC, big, narrow               bool
	tail, buildID                    []byte
	wrong                            [][2]string // word and section
	machine                          int
}

func koCRC(name string) uint32 {
	var crc uint32 = 5381
	for i := range len(name) {
		crc = crc*33 + uint32(name[i])
	}
	return crc
}

type koSection struct {
	name string
	typ  uint32
	data []byte
}

func (m koFile) image() []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if m.big {
		order = binary.BigEndian
	}
	word := func(b []byte, v uint64) []byte {
		if m.narrow {
			return order.AppendUint32(b, uint32(v))
		}
		return order.AppendUint64(b, v)
	}
	strtab, symtab := []byte{0}, make([]byte, 24)
	if m.narrow {
		symtab = symtab[:16]
	}
	symbol := func(name string, bind byte, section uint16, value uint64) {
		at := uint32(len(strtab))
		strtab = append(append(strtab, name...), 0)
		symtab = order.AppendUint32(symtab, at)
		if m.narrow {
			symtab = order.AppendUint32(symtab, uint32(value))
			symtab = order.AppendUint32(symtab, 0)
			symtab = append(symtab, bind<<4, 0)
			symtab = order.AppendUint16(symtab, section)
			return
		}
		symtab = append(symtab, bind<<4, 0)
		symtab = order.AppendUint16(symtab, section)
		symtab = order.AppendUint64(symtab, value)
		symtab = order.AppendUint64(symtab, 0)
	}
	var crcs, names, versions []byte
	const crcSection = 6
	for _, e := range m.exports {
		symbol(e, 1, 1, 0)
		names = append(append(names, e...), 0)
		if !m.noCRC {
			symbol("__crc_"+e, 1, crcSection, uint64(len(crcs)))
			crcs = order.AppendUint32(crcs, koCRC(e))
		}
	}
	for _, i := range m.imports {
		symbol(i, 1, 0, 0)
	}
	for _, i := range m.weak {
		symbol(i, 2, 0, 0)
	}
	for _, v := range m.versions {
		row := append(word(nil, uint64(koCRC(v))), v...)
		versions = append(versions, append(row, make([]byte, 64)...)[:64]...)
	}
	var note []byte
	if m.buildID != nil {
		note = order.AppendUint32(order.AppendUint32(order.AppendUint32(nil, 4), uint32(len(m.buildID))), 3)
		note = append(append(note, "GNU\x00"...), m.buildID...)
	}
	sections := []koSection{
		{"", 0, nil}, {".text", 1, []byte{0xc3}}, {".modinfo", 1, []byte(m.info)},
		{".symtab", 2, symtab}, {".strtab", 3, strtab}, {"__ksymtab_strings", 1, names},
		{"__kcrctab", 1, crcs}, {"__versions", 1, versions},
		{".note.gnu.build-id", 7, note}, {".gnu.linkonce.this_module", 1, make([]byte, 128)}, {".shstrtab", 3, nil},
	}
	past := ""
	for _, w := range m.wrong {
		for i := range sections {
			switch s := &sections[i]; {
			case s.name != w[1]:
			case w[0] == "past":
				past = s.name
			case w[0] == "odd":
				s.data = append(s.data, "odd"...)
			default:
				s.name = ".other"
			}
		}
	}
	image := layOut(sections, past, order, m.narrow, m.big)
	if m.machine != 0 {
		order.(binary.ByteOrder).PutUint16(image[18:], uint16(m.machine))
	}
	return append(image, m.tail...)
}

// layOut writes header, section bodies and section headers. past is the section
// whose header tells of more bytes than there are; "" for none.
func layOut(sections []koSection, past string, order binary.AppendByteOrder, narrow, big bool) []byte {
	var names []byte
	at := make([]uint32, len(sections))
	for i, s := range sections {
		at[i] = uint32(len(names))
		names = append(append(names, s.name...), 0)
	}
	sections[len(sections)-1].data = names
	head := 64
	if narrow {
		head = 52
	}
	body := make([]byte, head)
	heads := bytes.Buffer{}
	for i, s := range sections {
		off := uint64(len(body))
		body = append(body, s.data...)
		size := uint64(len(s.data))
		if past == s.name && past != "" {
			size = 1 << 20
		}
		link := uint64(0)
		if s.typ == 2 {
			link = uint64(i + 1)
		}
		fields := []any{at[i], s.typ, uint64(0), uint64(0), off, size, uint32(link), uint32(0), uint64(1), uint64(0)}
		for _, f := range fields {
			if v, ok := f.(uint64); ok && narrow {
				f = uint32(v)
			}
			binary.Write(&heads, order.(binary.ByteOrder), f)
		}
	}
	shoff := uint64(len(body))
	ident := [16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}
	machine := uint16(62)
	if narrow {
		ident[4], machine = 1, 3
	}
	if big {
		ident[5] = 2
	}
	var h bytes.Buffer
	shentsize := uint16(64)
	if narrow {
		shentsize = 40
	}
	for _, f := range []any{ident, uint16(1), machine, uint32(1), uint64(0), uint64(0), shoff, uint32(0), uint16(head), uint16(0), uint16(0), shentsize, uint16(len(sections)), uint16(len(sections) - 1)} {
		if v, ok := f.(uint64); ok && narrow {
			f = uint32(v)
		}
		binary.Write(&h, order.(binary.ByteOrder), f)
	}
	copy(body, h.Bytes())
	return append(body, heads.Bytes()...)
}
