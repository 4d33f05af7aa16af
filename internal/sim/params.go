package sim

import (
	"errors"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// maxCharp is the longest string a charp parameter takes (kernel/params.c,
// param_set_charp).
const maxCharp = 1024

// parseArgs is parse_args and the set callbacks: L13 (kernel/params.c). The
// whole string is parsed whatever fails, and the last error wins; an unknown
// parameter is only logged. A fault makes it fail after the others were set.
func (t *Thread) parseArgs(m *Module, args string) Errno {
	fault := t.Point("L13", m, trace.Event{Detail: args})
	var last Errno
	var after *string // what stands behind --
	for rest := strings.TrimLeft(args, " \t\n"); rest != ""; {
		var a oneArg
		a, rest = nextArg(rest)
		if a.name == "--" && !a.hasValue {
			if last == 0 {
				after = &rest
			}
			break
		}
		e, known := t.setArg(m, a)
		switch {
		case !known:
			t.w.printk("%s: unknown parameter '%s' ignored", m.Name, a.name)
		case e == ENOSPC:
			t.w.printk("%s: `%s' too large for parameter `%s'", m.Name, a.value, a.name)
		case e != 0:
			t.w.printk("%s: `%s' invalid for parameter `%s'", m.Name, a.value, a.name)
		}
		if e != 0 {
			last = e
		}
	}
	if fault != 0 {
		return fault
	}
	if after != nil { // load_module, since 3.15
		t.w.printk("%s: parameters '%s' after `--' ignored", m.Name, *after)
	}
	return last
}

// oneArg is one word of the parameter string.
type oneArg struct {
	name, value string
	hasValue    bool
}

// nextArg splits off the first word (lib/cmdline.c, next_arg): spaces inside
// double quotes belong to it, and quotes around it or its value go.
func nextArg(s string) (a oneArg, rest string) {
	quoted := false
	end := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			quoted = !quoted
		}
		if !quoted && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			end = i
			break
		}
	}
	word := s[:end]
	rest = strings.TrimLeft(s[end:], " \t\n")
	if w, ok := strings.CutPrefix(word, `"`); ok {
		word = strings.TrimSuffix(w, `"`)
	}
	a.name, a.value, a.hasValue = strings.Cut(word, "=")
	if v, ok := strings.CutPrefix(a.value, `"`); ok {
		a.value = strings.TrimSuffix(v, `"`)
	}
	return a, rest
}

// setArg sets one parameter; known is false for one that the module does not
// have. Every module has async_probe and dyndbg (unknown_module_param_cb).
func (t *Thread) setArg(m *Module, a oneArg) (e Errno, known bool) {
	name := strings.ReplaceAll(a.name, "-", "_")
	for _, p := range m.Spec.Params {
		if p.Name == name {
			return t.setParam(m, p, a), true
		}
	}
	switch name {
	case "async_probe":
		m.Args = append(m.Args, Arg{Name: name, Value: a.value})
		return 0, true
	case "dyndbg":
		return 0, true
	}
	return 0, false
}

// setParam is parse_one and the set callback of one parameter.
func (t *Thread) setParam(m *Module, p ParamSpec, in oneArg) Errno {
	a := Arg{Name: p.Name, Value: in.value}
	if !in.hasValue && p.Kind != ParamBool {
		return EINVAL // KERNEL_PARAM_OPS_FL_NOARG
	}
	switch p.Kind {
	case ParamBool, ParamInvbool:
		if in.hasValue && !isBool(in.value) {
			return EINVAL
		}
	case ParamCharp:
		if len(in.value) > maxCharp {
			t.w.printk("%s: string parameter too long", p.Name)
			return ENOSPC
		}
		t.take(KindString, m, p.Name)
		a.owned = true
	case ParamOther:
	default:
		if e := checkNumber(p.Kind, in.value); e != 0 {
			return e
		}
	}
	for i := range m.Args {
		if m.Args[i].Name == p.Name {
			if m.Args[i].owned {
				t.give(KindString, m, p.Name)
			}
			m.Args[i] = a
			return 0
		}
	}
	m.Args = append(m.Args, a)
	return 0
}

// isBool is kstrtobool (lib/kstrtox.c).
func isBool(s string) bool {
	switch {
	case s == "":
		return false
	case strings.IndexByte("yY1nN0", s[0]) >= 0:
		return true
	case s[0] == 'o' || s[0] == 'O':
		return len(s) > 1 && strings.IndexByte("nNfF", s[1]) >= 0
	}
	return false
}

// checkNumber is kstrtoint and its kin: EINVAL for what is no number, ERANGE
// for what does not fit.
func checkNumber(kind ParamKind, s string) Errno {
	bits := map[ParamKind]int{ParamInt: 32, ParamUint: -32, ParamShort: 16, ParamUshort: -16, ParamByte: -8, ParamLong: 64, ParamUlong: -64}[kind]
	var e Errno
	if bits < 0 {
		_, e = errnoOfNumber(strconv.ParseUint(strings.TrimPrefix(s, "+"), 0, -bits))
	} else {
		_, e = parseInt(s, bits)
	}
	return e
}

func parseInt(s string, bits int) (int64, Errno) {
	return errnoOfNumber(strconv.ParseInt(s, 0, bits))
}

func errnoOfNumber[T int64 | uint64](n T, err error) (T, Errno) {
	switch {
	case err == nil:
		return n, 0
	case errors.Is(err, strconv.ErrRange):
		return 0, ERANGE
	}
	return 0, EINVAL
}
