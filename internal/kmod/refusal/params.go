package refusal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// checkParams holds the parameters of a load against those the module has and
// their types (kernel/params.c, parse_args and param_set_*). A parameter that
// the module does not have is passed over with a line in the log (Linux 3.x
// and later, unknown_module_param_cb). One that has a description and no type
// has a setter of the module's own (module_param_cb), and only that knows what
// it takes.
func checkParams(m *kmod.ModuleFacts, params string) []Finding {
	types := map[string]string{}
	for _, f := range m.Info {
		name, typ, _ := strings.Cut(f.Value, ":")
		name = kernel.Normalize(name)
		switch {
		case f.Key == "parmtype":
			types[name] = typ
		case f.Key == "parm" && types[name] == "":
			types[name] = ""
		}
	}
	var out []Finding
	n := 0
	for _, p := range kmod.SplitParams(params) {
		n++
		name, value, has := strings.Cut(p, "=")
		typ, ok := types[kernel.Normalize(name)]
		f := Finding{What: WhatParams}
		switch {
		case ok:
			why, errno := badValue(typ, unquoted(value), has)
			if why == "" {
				continue
			}
			f.State, f.Errno = Refused, errno
			f.Text = fmt.Sprintf("%s: the parameter is of type %s: %s", p, typ, why)
			f.Mend = "give a value of that type (modinfo -p " + m.Name() + ")"
		case name == "":
			f.State = Warned
			f.Text = fmt.Sprintf("%s: blanks around a = make words of their own, and the kernel passes this one over", p)
			f.Mend = "write NAME=VALUE without blanks"
		case name == "dyndbg" || name == "async_probe":
			continue // the loader's own (kernel/module/main.c, unknown_module_param_cb)
		default:
			f.State = Warned
			f.Text = fmt.Sprintf("%s: the module has no parameter %s; the kernel passes it over and logs \"unknown parameter '%s' ignored\"", p, name, name)
			f.Mend = "see modinfo -p " + m.Name()
		}
		out = append(out, f)
	}
	if len(out) == 0 && n > 0 {
		out = append(out, Finding{What: WhatParams, State: Fits, Text: fmt.Sprintf("%d, of the types the module has", n)})
	}
	return out
}

// unquoted takes off the double quotes around a value (lib/cmdline.c, next_arg).
func unquoted(v string) string {
	if v, ok := strings.CutPrefix(v, "\""); ok {
		return strings.TrimSuffix(v, "\"")
	}
	return v
}

// badValue says why a value is none of a type, "" when it is or the type is
// the module's own.
func badValue(typ, value string, has bool) (why, errno string) {
	if base, ok := strings.CutPrefix(typ, "array of "); ok {
		if !has {
			return "it needs a value", "EINVAL"
		}
		for v := range strings.SplitSeq(value, ",") {
			if why, errno = badValue(base, v, true); why != "" {
				return why, errno
			}
		}
		return "", ""
	}
	bits, signed := 0, false
	switch typ {
	case "bool", "invbool":
		if has && !isBool(value) {
			return fmt.Sprintf("%q is neither 1, y, on nor 0, n, off", value), "EINVAL"
		}
		return "", ""
	case "byte":
		bits = 8
	case "short":
		bits, signed = 16, true
	case "ushort":
		bits = 16
	case "int":
		bits, signed = 32, true
	case "uint", "hexint":
		bits = 32
	case "long":
		bits, signed = 64, true
	case "ulong", "ullong":
		bits = 64
	case "charp", "string":
		if !has {
			return "it needs a value", "EINVAL"
		}
		return "", ""
	default:
		return "", ""
	}
	if !has {
		return "it needs a value", "EINVAL"
	}
	return badNumber(value, bits, signed)
}

// isBool says whether the kernel takes a text for yes or no (lib/kstrtox.c,
// kstrtobool, which looks at the first letters only).
func isBool(v string) bool {
	if v == "" {
		return false
	}
	switch v[0] {
	case 'y', 'Y', 't', 'T', '1', 'n', 'N', 'f', 'F', '0':
		return true
	case 'o', 'O':
		return len(v) > 1 && strings.ContainsRune("nNfF", rune(v[1]))
	}
	return false
}

// badNumber says why a text is no number of so many bits (lib/kstrtox.c with
// base 0: decimal, 0x…, 0…).
func badNumber(v string, bits int, signed bool) (why, errno string) {
	digits := strings.TrimPrefix(v, "+")
	if signed {
		digits = strings.TrimPrefix(v, "-")
	}
	base := 10
	switch {
	case len(digits) > 2 && strings.EqualFold(digits[:2], "0x"):
		base, digits = 16, digits[2:]
	case len(digits) > 1 && digits[0] == '0':
		base, digits = 8, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	var ne *strconv.NumError
	switch {
	case err == nil:
	case errors.As(err, &ne) && ne.Err == strconv.ErrRange:
		return fmt.Sprintf("%s is too large", v), "ERANGE"
	default:
		return fmt.Sprintf("%q is no number", v), "EINVAL"
	}
	limit := uint64(1)<<(bits-1)<<1 - 1
	if signed {
		limit >>= 1
		if strings.HasPrefix(v, "-") {
			limit++
		}
	}
	if n > limit {
		return fmt.Sprintf("%s does not fit into %d bits", v, bits), "ERANGE"
	}
	return "", ""
}
