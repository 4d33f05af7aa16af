package sim

import (
	"strconv"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// maxCharp is the longest string a charp parameter takes (kernel/params.c,
// param_set_charp).
const maxCharp = 1024

// parseArgs is parse_args and the set callbacks: L13. The whole string is
// parsed, the last error wins; an unknown parameter is only logged.
func (t *Thread) parseArgs(m *Module, args string) Errno {
	if e := t.Point("L13", m, trace.Event{Detail: args}); e != 0 {
		return e
	}
	var last Errno
	for _, word := range strings.Fields(args) {
		name, value, _ := strings.Cut(word, "=")
		i := -1
		for j, p := range m.Spec.Params {
			if p.Name == strings.ReplaceAll(name, "-", "_") {
				i = j
			}
		}
		if i < 0 {
			t.w.printk("%s: unknown parameter '%s' ignored", m.Name, name)
			continue
		}
		if e := t.setParam(m, m.Spec.Params[i], value); e != 0 {
			t.w.printk("%s: `%s' invalid for parameter `%s'", m.Name, value, name)
			last = e
		}
	}
	return last
}

// setParam is the set callback of one parameter.
func (t *Thread) setParam(m *Module, p ParamSpec, value string) Errno {
	a := Arg{Name: p.Name, Value: value}
	switch p.Kind {
	case ParamInt:
		if _, ok := parseInt(value); !ok {
			return EINVAL
		}
	case ParamBool:
		if !strings.Contains("01ynYN", value) || value == "" {
			return EINVAL
		}
	case ParamCharp:
		if len(value) > maxCharp {
			return ENOSPC
		}
		t.take(KindString, m, p.Name)
		a.owned = true
	}
	for i := range m.Args {
		if m.Args[i].Name == p.Name {
			if m.Args[i].owned {
				t.w.ledger.give(KindString, m.Name, p.Name)
			}
			m.Args[i] = a
			return 0
		}
	}
	m.Args = append(m.Args, a)
	return 0
}

func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 0, 32)
	return n, err == nil
}
