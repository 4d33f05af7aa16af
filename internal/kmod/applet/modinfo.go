package applet

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// modinfoOptions are the flags of modinfo(8) of kmod 30.
var modinfoOptions = []option{
	{short: 'a', long: "author"},
	{short: 'd', long: "description"},
	{short: 'l', long: "license"},
	{short: 'p', long: "parameters"},
	{short: 'n', long: "filename"},
	{short: '0', long: "null"},
	{long: "modname"},
	{short: 'F', long: "field", arg: true},
	{short: 'k', long: "set-version", arg: true},
	{short: 'b', long: "basedir", arg: true},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// modinfoRun is one run of modinfo.
type modinfoRun struct {
	*program
	field         string
	base, release string
	end           string // of each field
	out           *bufio.Writer
}

// modinfo prints what module files say of themselves.
func (p *program) modinfo(args []string) error {
	flags, rest, err := getopt(args, modinfoOptions)
	if err != nil {
		return err
	}
	m := &modinfoRun{program: p, end: "\n", out: bufio.NewWriter(p.Stdout)}
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "author", "description", "license", "filename":
			m.field = f.id
		case "parameters":
			m.field = "parm"
		case "field":
			m.field = f.value
		case "null":
			m.end = "\x00"
		case "basedir":
			m.base = f.value
		case "set-version":
			m.release = f.value
		}
	}
	if len(rest) == 0 {
		return said("missing module or filename.")
	}
	var failed error
	for _, name := range rest {
		if err := m.show(name); err != nil {
			p.complain(err)
			failed = errSilent
		}
	}
	return errors.Join(failed, m.out.Flush())
}

// show prints one argument: a file, or a name that stands for modules.
func (m *modinfoRun) show(name string) error {
	if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() && (strings.Contains(name, "/") || kmod.IsModuleFile(name)) {
		file := name
		if !path.IsAbs(file) {
			wd, err := os.Getwd()
			if err != nil {
				return err
			}
			file = path.Join(wd, file)
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		image, err := kmod.OpenImage(f, name)
		if err != nil {
			return err
		}
		return m.print(file, image)
	}
	if strings.Contains(name, "/") {
		return said("Module %s not found.", name)
	}
	dir, err := m.treeDir(m.base, m.release)
	if err != nil {
		return err
	}
	r, err := m.resolver(dir, nil)
	if err != nil {
		return err
	}
	found, err := r.Resolve(name)
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrInvalidName) {
		return said("Module %s not found.", name)
	}
	if err != nil {
		return err
	}
	for _, f := range found {
		if err := m.module(r, dir, f); err != nil {
			return err
		}
	}
	return nil
}

// module prints one module of the tree.
func (m *modinfoRun) module(r *kmod.Resolver, dir string, f kmod.Found) error {
	if f.File == "" {
		return m.builtin(r, f)
	}
	file, err := r.Tree().Open(f.File)
	if err != nil {
		return err
	}
	defer file.Close()
	image, err := kmod.OpenImage(file, f.File)
	if err != nil {
		return err
	}
	return m.print(dir+"/"+f.File, image)
}

// builtin prints a module that is in the kernel image.
func (m *modinfoRun) builtin(r *kmod.Resolver, f kmod.Found) error {
	if !f.Builtin {
		return said("Module %s not found.", f.Module)
	}
	fields, err := r.BuiltinInfo(f.Module)
	if err != nil {
		return err
	}
	m.line("name", f.Module)
	m.line("filename", "(builtin)")
	m.fields(fields)
	return nil
}

// print prints a module image.
func (m *modinfoRun) print(file string, image []byte) error {
	fields, err := kmod.Modinfo(image)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if s, ok := kmod.ModuleSignature(image); ok {
		fields = append(fields, kmod.InfoField{Key: "sig_id", Value: s.IDType})
	}
	m.line("filename", file)
	m.fields(fields)
	return nil
}

// fields prints all fields; those of parameters come last, one line each with
// description and type.
func (m *modinfoRun) fields(fields []kmod.InfoField) {
	type param struct{ name, text, kind string }
	var params []param
	for _, f := range fields {
		if f.Key != "parm" && f.Key != "parmtype" || m.field != "" && m.field != "parm" {
			m.line(f.Key, f.Value)
			continue
		}
		name, value, _ := strings.Cut(f.Value, ":")
		i := 0
		for i < len(params) && params[i].name != name {
			i++
		}
		if i == len(params) {
			// The newest comes first, as with kmod.
			params = append([]param{{name: name}}, params...)
			i = 0
		}
		if f.Key == "parm" {
			params[i].text = value
		} else {
			params[i].kind = value
		}
	}
	for _, p := range params {
		text := p.name + ":" + p.text
		if p.kind != "" {
			text += " (" + p.kind + ")"
			if p.text == "" {
				text = p.name + ":" + p.kind
			}
		}
		if m.field == "parm" {
			fmt.Fprint(m.out, text, m.end)
			continue
		}
		fmt.Fprintf(m.out, "%-16s%s%s", "parm:", text, m.end)
	}
}

// line prints one field, or only its value where one field was asked for.
func (m *modinfoRun) line(key, value string) {
	switch {
	case m.field == key:
		fmt.Fprint(m.out, value, m.end)
	case m.field != "":
	case m.end == "\x00" && key != "filename":
		fmt.Fprintf(m.out, "%s=%s%s", key, value, m.end)
	default:
		fmt.Fprintf(m.out, "%-16s%s%s", key+":", value, m.end)
	}
}
