package kmod

import (
	"bytes"
	"strings"
)

// The names under which a module keeps what limits its parameters: struct
// kparam_array and struct kparam_string, both of which begin with the limit, an
// unsigned int (include/linux/moduleparam.h, module_param_array_named and
// module_param_string, Linux 2.6.36 to 6.12).
var (
	elfParamArray  = []byte("__param_arr_")
	elfParamString = []byte("__param_string_")
)

// hasLimits says whether a module has parameters with a limit of its own.
func (m *ModuleFacts) hasLimits() bool {
	for _, f := range m.Info {
		if _, typ, _ := strings.Cut(f.Value, ":"); f.Key == "parmtype" && (typ == "string" || strings.HasPrefix(typ, "array of ")) {
			return true
		}
	}
	return false
}

// paramLimits reads how many elements or bytes parameters take, by name.
func (f *elfFile) paramLimits() (map[string]uint32, error) {
	out := map[string]uint32{}
	room := maxParamNames
	err := f.rows(func(s elfSymbol) error {
		name, ok := bytes.CutPrefix(s.name, elfParamArray)
		if !ok {
			name, ok = bytes.CutPrefix(s.name, elfParamString)
		}
		if room -= len(name); !ok || s.section == elfAbs || s.section == elfUndefined || room < 0 {
			room += len(name)
			return nil
		}
		if n, ok := f.word(s); ok {
			out[string(name)] = n
		}
		return nil
	})
	return out, err
}

// maxParamNames bounds how many bytes of names of parameters are kept.
const maxParamNames = 1 << 20
