package applet

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// hexBytes writes bytes as AA:BB, with a new line after so many.
func hexBytes(b []byte, perLine int) string {
	var out strings.Builder
	for i, c := range b {
		if i > 0 {
			out.WriteByte(':')
			if i%perLine == 0 {
				out.WriteString("\n\t\t")
			}
		}
		const digits = "0123456789ABCDEF"
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

// parameter is what parm and parmtype say of one.
type parameter struct {
	name       string
	text, kind *string // nil: it says nothing
}

// fields prints all fields; those of parameters come last, one line each with
// description and type.
func (m *modinfoRun) fields(fields []kmod.InfoField) error {
	var params []parameter
	for _, f := range fields {
		if f.Key != "parm" && f.Key != "parmtype" || m.one && m.field != "parm" {
			m.line(f.Key, f.Value)
			continue
		}
		name, value, ok := strings.Cut(f.Value, ":")
		if !ok {
			m.out.Flush()
			m.complain(said("Found invalid \"%s=%s\": missing ':'", f.Key, f.Value))
			continue
		}
		i := 0
		for i < len(params) && params[i].name != name {
			i++
		}
		if i == len(params) {
			// The newest comes first, as with kmod.
			params = append([]parameter{{name: name}}, params...)
			i = 0
		}
		if f.Key == "parm" {
			params[i].text = &value
		} else {
			params[i].kind = &value
		}
	}
	for _, p := range params {
		m.parameter(p)
	}
	return nil
}

// parameter prints one parameter. One without description has its type at the
// place of that, unless only parameters are printed.
func (m *modinfoRun) parameter(p parameter) {
	text := p.name + ":"
	if p.text != nil {
		text += *p.text
	}
	switch {
	case p.kind != nil && p.text == nil && !m.one:
		text += *p.kind
	case p.kind != nil:
		text += " (" + *p.kind + ")"
	}
	if m.one {
		fmt.Fprint(m.out, text, m.end)
		return
	}
	fmt.Fprintf(m.out, "%-16s%s%s", "parm:", text, m.end)
}

// label prints what is no field of the module, which keeps its form with -0.
func (m *modinfoRun) label(key, value string) {
	switch {
	case m.one && m.field == key:
		fmt.Fprint(m.out, value, m.end)
	case !m.one:
		fmt.Fprintf(m.out, "%-16s%s%s", key+":", value, m.end)
	}
}

// line prints one field, or only its value where one field was asked for.
func (m *modinfoRun) line(key, value string) {
	switch {
	case m.one && m.field == key:
		fmt.Fprint(m.out, value, m.end)
	case m.one:
	case m.end == "\x00":
		fmt.Fprintf(m.out, "%s=%s%s", key, value, m.end)
	default:
		m.padded(key, value)
	}
}

// padded prints "KEY:" in 16 columns, and the value; nothing is between them when
// the key is longer.
func (m *modinfoRun) padded(key, value string) {
	const blanks = "                "
	m.out.WriteString(key)
	m.out.WriteByte(':')
	m.out.WriteString(blanks[min(len(key)+1, len(blanks)):])
	m.out.WriteString(value)
	m.out.WriteString(m.end)
}
