package kmod

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/wording"
)

// ParamTrouble is a parameter of a load that the kernel refuses, or passes over.
type ParamTrouble struct {
	Param string // as it was given
	Errno string // what the load is answered with; "" where the parameter is passed over
	Text  string
	Mend  string
}

// moduleParam is what a module says of one of its parameters.
type moduleParam struct {
	typ string // as parmtype has it; "" of a setter of the module's own, which alone knows what it takes
	max uint32 // elements of an array, or bytes of a string with its zero byte; 0 not known
}

// ParamSet is the parameters that a module has.
type ParamSet struct {
	module string
	bits   int // of a long
	params map[string]moduleParam
}

// Params returns the parameters of a module file.
func (m *ModuleFacts) Params() ParamSet {
	s := paramSetOf(m.Name(), m.Info)
	s.bits = m.Bits
	for name, max := range m.ParamLimits {
		name = kernel.Normalize(name)
		if p, ok := s.params[name]; ok {
			p.max = max
			s.params[name] = p
		}
	}
	return s
}

// paramSetOf takes the parameters out of the fields of .modinfo. One that has a
// description and no type has a setter of its own (include/linux/moduleparam.h,
// module_param_cb).
func paramSetOf(module string, info []InfoField) ParamSet {
	s := ParamSet{module, 64, map[string]moduleParam{}}
	for _, f := range info {
		name, typ, _ := strings.Cut(f.Value, ":")
		name = kernel.Normalize(name)
		switch {
		case f.Key == "parmtype":
			s.params[name] = moduleParam{typ: typ}
		case f.Key == "parm" && s.params[name].typ == "":
			s.params[name] = moduleParam{}
		}
	}
	return s
}

// Check holds the parameters of a load against those that the module has, and
// their types, as the kernel does (kernel/params.c, parse_args and
// param_set_*, of 4.9 to 6.12): n counts what was looked at. What the module
// does not have is passed over with a line in the log since Linux 3.11
// (kernel/module/main.c, unknown_module_param_cb), and so is all behind "--".
func (s ParamSet) Check(params string) (trouble []ParamTrouble, n int) {
	words := SplitParams(params)
	for i, word := range words {
		name, value, has := cutParam(word)
		if name == "--" && !has {
			if rest := words[i+1:]; len(rest) > 0 {
				trouble = append(trouble, ParamTrouble{Param: word, Text: "the kernel takes no parameters behind it, and passes over " + Few(rest), Mend: "leave it out"})
			}
			break
		}
		n++
		p, ok := s.params[kernel.Normalize(name)]
		switch {
		case ok:
			if why, errno := p.refuses(value, has, s.bits); why != "" {
				trouble = append(trouble, ParamTrouble{word, errno, "the parameter is of type " + p.typ + ": " + why, "give a value of that type (modinfo -p " + s.module + ")"})
			}
		case strings.HasPrefix(word, "="):
			trouble = append(trouble, ParamTrouble{Param: word, Text: "blanks around a = make words of their own, and the kernel passes this one over", Mend: "write NAME=VALUE without blanks"})
		case name == "dyndbg" || name == "async_probe":
			// The loader's own: unknown_module_param_cb.
		default:
			trouble = append(trouble, s.unknown(word, name))
		}
	}
	return trouble, n
}

// unknown is about a parameter that the module does not have.
func (s ParamSet) unknown(word, name string) ParamTrouble {
	t := ParamTrouble{Param: word, Text: fmt.Sprintf("the module has no parameter %s; the kernel passes it over and logs \"unknown parameter '%s' ignored\"", name, name)}
	switch near := nearParam(kernel.Normalize(name), slices.Sorted(maps.Keys(s.params))); {
	case near != "":
		t.Mend = "did you mean " + near + "? (modinfo -p " + s.module + ")"
	case len(s.params) == 0:
		t.Mend = "leave it out: the module has no parameters at all"
	default:
		t.Mend = "see modinfo -p " + s.module
	}
	return t
}

// cutParam takes NAME=VALUE apart and double quotes off, those around the value
// or around the whole (lib/cmdline.c, next_arg). A = at the very beginning is
// none.
func cutParam(word string) (name, value string, has bool) {
	quoted := strings.HasPrefix(word, `"`)
	word = strings.TrimPrefix(word, `"`)
	at := strings.IndexByte(word, '=')
	if at <= 0 {
		if quoted {
			word = strings.TrimSuffix(word, `"`)
		}
		return word, "", false
	}
	name, value = word[:at], word[at+1:]
	inner := strings.HasPrefix(value, `"`)
	value = strings.TrimPrefix(value, `"`)
	if inner {
		value = strings.TrimSuffix(value, `"`)
	}
	if quoted {
		value = strings.TrimSuffix(value, `"`)
	}
	return name, value, true
}

// nearParam returns the parameter that a mistyped one was meant to be: it
// is a slip or two away (wording.Meant), or begins alike. "" when there is none.
func nearParam(word string, names []string) string {
	if meant := wording.Meant(word, names); meant != "" {
		return meant
	}
	for _, n := range names {
		if len(word) > 2 && len(n) > 2 && (strings.HasPrefix(n, word) || strings.HasPrefix(word, n)) {
			return n
		}
	}
	return ""
}
