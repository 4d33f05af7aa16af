package kmod

import (
	"encoding/binary"
)

// ModuleSymbol is a symbol that a module exports or asks for.
type ModuleSymbol struct {
	Name string `json:"name"`
	// CRC is the checksum of its interface, 0 when there is none.
	CRC uint32 `json:"crc,omitempty"`
	// Weak is set for one asked for that may be missing.
	Weak bool `json:"weak,omitempty"`
}

// ModuleFacts is what the kernel's loader looks at in a module before it runs
// it, as far as it can be told from outside.
type ModuleFacts struct {
	Bits      int         `json:"bits"` // 32 or 64
	BigEndian bool        `json:"big_endian,omitempty"`
	Machine   Machine     `json:"machine"` // EM_… number
	Info      []InfoField `json:"info"`    // .modinfo, in file order
	// Exports are the symbols others can use. Without module versions these
	// are all strings of __ksymtab_strings, namespaces among them.
	Exports []ModuleSymbol `json:"exports,omitempty"`
	// Imports are the undefined symbols.
	Imports []ModuleSymbol `json:"imports,omitempty"`
	// Versions are the checksums the module was built against: __versions,
	// then the extended tables of Linux 6.14.
	Versions []ModuleSymbol `json:"versions,omitempty"`
	// Extended is how many of them are in the extended tables only.
	Extended int `json:"extended_versions,omitempty"`
	// ExtendedFault says what is wrong with the extended tables, "" when nothing is
	// or there are none.
	ExtendedFault string `json:"extended_fault,omitempty"`
	// ThisModule is the size in bytes of .gnu.linkonce.this_module, which has
	// to be that of the kernel's struct module; -1 when there is none.
	ThisModule int64 `json:"this_module"`
	// BuildID tells builds apart: the linker's note, nil when there is none.
	BuildID []byte `json:"build_id,omitempty"`
	// ParamLimits is how many elements parameters that are arrays take, and how
	// many bytes, with the zero byte, those that are strings (parmtype string);
	// none where the module's symbols were taken off.
	ParamLimits map[string]uint32 `json:"param_limits,omitempty"`
	// Signature is nil for an unsigned module.
	Signature *Signature `json:"signature,omitempty"`

	// NoVersions and NoExports say that there is no table of them, not even an
	// empty one: a kernel without module versions makes none of the former.
	NoVersions bool `json:"-"`
	NoExports  bool `json:"-"`
}

// Field returns the value of the first field of .modinfo with that key.
func (m *ModuleFacts) Field(key string) (string, bool) {
	for _, f := range m.Info {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

// Name is what the module calls itself, "NAME" where it does not (modules of
// Linux before 4.13).
func (m *ModuleFacts) Name() string {
	if name, ok := m.Field("name"); ok {
		return name
	}
	return "NAME"
}

// ReadModule reads the facts of a decompressed module image (OpenImage). Its
// errors wrap kernel.ErrDamaged.
func ReadModule(image []byte) (*ModuleFacts, error) {
	f, err := elfOpen(elfImage(image))
	if err == nil {
		err = f.past
	}
	if err != nil {
		return nil, err
	}
	m := &ModuleFacts{Bits: 32, Machine: f.machine, ThisModule: -1}
	if f.is64 {
		m.Bits = 64
	}
	m.BigEndian = f.order == binary.ByteOrder(binary.BigEndian)
	if at := f.at[secThisModule]; at.there {
		m.ThisModule = int64(at.size)
	}
	if s, ok := ModuleSignature(image); ok {
		m.Signature = &s
	}
	note, err := f.section(secBuildID)
	if err != nil {
		return nil, err
	}
	m.BuildID = f.buildID(note)
	info, err := f.section(secModinfo)
	if err != nil {
		return nil, err
	}
	m.Info = parseModinfo(info)
	if m.hasLimits() {
		if m.ParamLimits, err = f.paramLimits(); err != nil {
			return nil, err
		}
	}
	return m, m.readSymbols(f)
}

func (m *ModuleFacts) readSymbols(f *elfFile) error {
	crcs := map[string]uint32{}
	rows := 0
	at := f.at[secVersions]
	if at.there {
		rows = int(at.size / versionRow)
	}
	n := 0
	err := f.versions(func(v elfVersion) {
		name, crc := v.name, uint32(v.crc)
		if n++; n > rows {
			// Both tables have the names that fit into the old one.
			if _, ok := crcs[string(name)]; ok {
				return
			}
			m.Extended++
		}
		crcs[string(name)] = crc
		m.Versions = append(m.Versions, ModuleSymbol{Name: string(name), CRC: crc})
	})
	if err != nil {
		return err
	}
	m.NoVersions = !at.there && m.Extended == 0
	if m.ExtendedFault, err = f.extendedFault(); err != nil {
		return err
	}
	err = f.symbols(func(s elfSymbol) {
		if name, ok := s.exported(); ok {
			crc, _ := f.crc(s)
			m.Exports = append(m.Exports, ModuleSymbol{Name: string(name), CRC: crc})
		}
		if f.undefined(s) {
			m.Imports = append(m.Imports, ModuleSymbol{Name: string(s.name), CRC: crcs[string(s.name)], Weak: s.weak})
		}
	})
	if err != nil || m.Exports != nil {
		return err
	}
	m.NoExports = !f.at[secKsymtabStrings].there
	b, err := f.section(secKsymtabStrings)
	if err != nil {
		return err
	}
	elfStrings(b, func(s []byte) { m.Exports = append(m.Exports, ModuleSymbol{Name: string(s)}) })
	return nil
}
