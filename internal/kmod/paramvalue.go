package kmod

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxCharp is the longest text in bytes that a parameter of type charp takes
// (kernel/params.c, param_set_charp).
const maxCharp = 1024

// refuses says why the kernel does not take a value, and what it answers then; ""
// when it does, or the type is the module's own. bits is the size of a long.
func (p moduleParam) refuses(value string, has bool, bits int) (why, errno string) {
	if base, ok := strings.CutPrefix(p.typ, "array of "); ok {
		return p.refusesArray(moduleParam{typ: base}, value, has, bits)
	}
	size, signed := 0, false
	switch p.typ {
	case "bool", "bint", "bool_enable_only":
		if has && !isBool(value) {
			return notBool(value), "EINVAL"
		}
		return "", ""
	case "invbool": // alone among them it wants a value (parse_one, KERNEL_PARAM_OPS_FL_NOARG)
		if has && !isBool(value) {
			return notBool(value), "EINVAL"
		}
	case "byte":
		size = 8
	case "short":
		size, signed = 16, true
	case "ushort":
		size = 16
	case "int":
		size, signed = 32, true
	case "uint", "hexint":
		size = 32
	case "long":
		size, signed = bits, true
	case "ulong":
		size = bits
	case "ullong":
		size = 64
	case "charp":
		if len(value) > maxCharp {
			return fmt.Sprintf("%d bytes, and at the most %d are taken", len(value), maxCharp), "ENOSPC"
		}
	case "string":
		if p.max > 0 && uint64(len(value))+1 > uint64(p.max) {
			return fmt.Sprintf("%d bytes, and it has room for %d", len(value), p.max-1), "ENOSPC"
		}
	default:
		return "", ""
	}
	switch {
	case !has:
		return "it needs a value", "EINVAL"
	case size > 0:
		return badNumber(value, size, signed)
	}
	return "", ""
}

// refusesArray looks at each of the elements, which are between commas
// (param_array).
func (p moduleParam) refusesArray(elem moduleParam, value string, has bool, bits int) (why, errno string) {
	if !has {
		return "it needs a value", "EINVAL"
	}
	n := uint32(0)
	for v := range strings.SplitSeq(value, ",") {
		if n++; p.max > 0 && n > p.max {
			return fmt.Sprintf("%d values, and it can only take %d", strings.Count(value, ",")+1, p.max), "EINVAL"
		}
		if why, errno = elem.refuses(v, true, bits); why != "" {
			return why, errno
		}
	}
	return "", ""
}

func notBool(v string) string { return fmt.Sprintf("%q is neither 1, y, on nor 0, n, off", v) }

// isBool says whether the kernel takes a text for yes or no (lib/kstrtox.c,
// kstrtobool, which looks at the first letters only). What only newer kernels
// take is taken: t and f from Linux 5.18, e and d from 6.14.
func isBool(v string) bool {
	if v == "" {
		return false
	}
	switch v[0] {
	case 'y', 'Y', 't', 'T', 'e', 'E', '1', 'n', 'N', 'f', 'F', 'd', 'D', '0':
		return true
	case 'o', 'O':
		return len(v) > 1 && strings.ContainsRune("nNfF", rune(v[1]))
	}
	return false
}

// badNumber says why a text is no number of so many bits, and what the kernel
// answers then (lib/kstrtox.c with base 0: decimal, 0x…, 0…, a sign before it and
// a line's end behind it).
func badNumber(v string, bits int, signed bool) (why, errno string) {
	digits, minus := v, false
	switch {
	case signed && strings.HasPrefix(v, "-"):
		digits, minus = v[1:], true
	default:
		digits = strings.TrimPrefix(v, "+")
	}
	digits = strings.TrimSuffix(digits, "\n")
	base := 10
	switch {
	case len(digits) > 2 && strings.EqualFold(digits[:2], "0x"):
		base, digits = 16, digits[2:]
	case len(digits) > 1 && digits[0] == '0':
		base, digits = 8, digits[1:]
	}
	if strings.HasPrefix(digits, "+") || strings.HasPrefix(digits, "-") {
		return fmt.Sprintf("%q is no number", v), "EINVAL"
	}
	n, err := strconv.ParseUint(digits, base, 64)
	var ne *strconv.NumError
	switch {
	case err == nil:
	case errors.As(err, &ne) && ne.Err == strconv.ErrRange:
		return v + " is too large", "ERANGE"
	default:
		return fmt.Sprintf("%q is no number", v), "EINVAL"
	}
	limit := uint64(1)<<(bits-1)<<1 - 1
	if signed {
		limit >>= 1
		if minus {
			limit++
		}
	}
	if n > limit {
		return fmt.Sprintf("%s does not fit into %d bits", v, bits), "ERANGE"
	}
	return "", ""
}
