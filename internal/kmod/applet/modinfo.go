package applet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// modinfoOptions are the flags of modinfo(8).
var modinfoOptions = []option{
	{short: 'a', long: "author"},
	{short: 'd', long: "description"},
	{short: 'l', long: "license"},
	{short: 'p', long: "parameters"},
	{short: 'n', long: "filename"},
	{short: '0', long: "null"},
	{short: 'm', long: "modname"},
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
	one           bool // only field is printed
	byName        bool // arguments are module names and nothing else
	base, release string
	end           string // of each field
	out           *bufio.Writer

	resolver *kmod.Resolver // nil until needed
	ahead    readAhead
}

// modinfo prints what module files say of themselves.
func (p *program) modinfo(args []string) error {
	flags, rest, err := p.options(args, modinfoOptions)
	m := &modinfoRun{program: p, end: "\n", out: bufio.NewWriter(p.Stdout)}
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "author", "description", "license", "filename":
			m.field, m.one = f.id, true
		case "parameters":
			m.field, m.one = "parm", true
		case "field":
			m.field, m.one = f.value, true
		case "modname":
			m.byName = true
		case "null":
			m.end = "\x00"
		case "basedir":
			m.base = f.value
		case "set-version":
			m.release = f.value
		}
	}
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return said("missing module or filename.")
	}
	if !m.byName && !(m.one && m.field == "filename") {
		m.ahead.start(rest)
	}
	var failed error
	for _, name := range rest {
		if err := m.show(name); err != nil {
			m.out.Flush() // what was said before stays before
			p.complain(err)
			failed = errSilent
		}
	}
	return errors.Join(failed, m.out.Flush())
}

// show prints one argument: a file, or a name that stands for modules.
func (m *modinfoRun) show(name string) error {
	if st, err := os.Stat(name); !m.byName && err == nil && st.Mode().IsRegular() && kmod.IsModuleFile(name) {
		file := name // not cleaned, as kmod shows it
		if !path.IsAbs(file) {
			wd, err := os.Getwd()
			if err != nil {
				return err
			}
			file = wd + "/" + file
		}
		return m.file(name, file)
	}
	r, err := m.tree()
	if err != nil {
		return err
	}
	found, err := m.find(r, name)
	switch {
	case isNotFound(err) && m.byName:
		return said("Module name %s not found.", name)
	case errors.Is(err, kernel.ErrInvalidName):
		return said("Module alias %s not found.", name)
	case isNotFound(err):
		return said("Module %s not found.", name)
	case err != nil:
		return err
	}
	var failed error
	for _, f := range found {
		err := m.builtin(r, f)
		if f.File != "" {
			err = m.file("", r.Tree().Path(f.File))
		}
		if err != nil {
			m.out.Flush()
			m.complain(err)
			failed = errSilent
		}
	}
	return failed
}

// tree opens the module tree once. Configuration plays no part.
func (m *modinfoRun) tree() (*kmod.Resolver, error) {
	if m.resolver == nil {
		dir, err := m.treeDir(m.base, m.release)
		if err != nil {
			return nil, err
		}
		if m.resolver, err = m.program.resolver(dir, []string{}); err != nil {
			return nil, err
		}
	}
	return m.resolver, nil
}

// find looks a name up.
func (m *modinfoRun) find(r *kmod.Resolver, name string) ([]kmod.Found, error) {
	if m.byName {
		return r.ResolveName(name)
	}
	return r.Resolve(name)
}

// builtin prints a module that is in the kernel image.
func (m *modinfoRun) builtin(r *kmod.Resolver, f kmod.Found) error {
	if !f.Builtin {
		return said("Module %s not found.", f.Module)
	}
	m.label("name", f.Module)
	m.label("filename", "(builtin)")
	if m.one && m.field == "filename" {
		return nil
	}
	fields, err := r.BuiltinInfo(f.Module)
	if errors.Is(err, kernel.ErrDamaged) {
		m.out.Flush()
		fmt.Fprintln(m.Stderr, "libkmod: ERROR: get_strings: unexpected string without modname prefix")
		return said("could not get modinfo from '%s': %s", f.Module, damageReason(err))
	}
	if err != nil {
		return err
	}
	return m.fields(fields)
}

// file prints a module file; name is the argument that it was, "" when it was
// looked up.
func (m *modinfoRun) file(name, file string) error {
	m.label("filename", file)
	if m.one && m.field == "filename" {
		return nil
	}
	facts, err := m.ahead.read(name, file)
	module, _, _ := strings.Cut(path.Base(file), ".")
	module = kernel.Normalize(module)
	switch errno := kernel.ErrnoOf(err); {
	case errors.Is(err, kernel.ErrDamaged):
		return said("could not get modinfo from '%s': %s", module, damageReason(err))
	case errno != 0:
		return said("could not get modinfo from '%s': %s", module, strerror(errno))
	case err != nil:
		return err
	}
	return m.fields(append(facts.Info, extraFields(facts)...))
}

// extraFields are the fields that are not in .modinfo: the linker's build ID,
// since kmod 35, and the signature.
func extraFields(facts *kmod.ModuleFacts) []kmod.InfoField {
	var fields []kmod.InfoField
	if facts.BuildID != nil {
		fields = append(fields, kmod.InfoField{Key: "build-id", Value: hexBytes(facts.BuildID, len(facts.BuildID))})
	}
	s := facts.Signature
	// As kmod, which says nothing of what it does not know in full.
	if s == nil || s.Bytes == nil || s.Hash == "" || s.IDType == "PKCS#7" && s.Signer == "" {
		return fields
	}
	const perLine = 20
	key := s.Key
	if s.IDType == "PKCS#7" {
		key = bytes.TrimLeft(key, "\x00") // of a number
	}
	signer, _, _ := strings.Cut(s.Signer, "\x00")
	return append(fields,
		kmod.InfoField{Key: "sig_id", Value: s.IDType},
		kmod.InfoField{Key: "signer", Value: signer},
		kmod.InfoField{Key: "sig_key", Value: hexBytes(key, perLine)},
		kmod.InfoField{Key: "sig_hashalgo", Value: s.Hash},
		kmod.InfoField{Key: "signature", Value: hexBytes(s.Bytes, perLine)},
	)
}
