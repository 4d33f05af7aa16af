package applet

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// showConfig prints the whole configuration and the alias indexes, in the
// order and form of modprobe -c.
func (m *modprobeRun) showConfig() error {
	r := m.loader.Resolver
	config, err := r.Config()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(m.Stdout)
	for _, kind := range []kmod.ConfigKind{
		kmod.ConfigBlacklist, kmod.ConfigInstall, kmod.ConfigRemove, kmod.ConfigAlias,
		kmod.ConfigOptions, kmod.ConfigSoftdep, kmod.ConfigWeakdep,
	} {
		for l := range config.Lines() {
			if l.Kind == kind {
				fmt.Fprintln(w, configText(l))
			}
		}
	}
	fmt.Fprint(w, "\n# End of configuration files. Dumping indexes now:\n\n")
	err = r.EachAlias(func(alias, module string) bool {
		fmt.Fprintf(w, "alias %s %s\n", alias, module)
		return true
	})
	return errors.Join(err, w.Flush())
}

// configText is an entry as modprobe -c prints it; a softdep has no space
// before "post:" there.
func configText(l kmod.ConfigLine) string {
	value := l.Value
	switch l.Kind {
	case kmod.ConfigBlacklist:
		return "blacklist " + l.Name
	case kmod.ConfigSoftdep:
		value = ""
		if len(l.Pre) > 0 {
			value += "pre: " + strings.Join(l.Pre, " ")
		}
		if len(l.Post) > 0 {
			value += "post: " + strings.Join(l.Post, " ")
		}
	case kmod.ConfigWeakdep:
		value = strings.Join(l.Weak, " ")
	}
	return string(l.Kind) + " " + l.Name + " " + value
}

// showSymbols prints the checksums of the symbols a module was built against,
// or exports: of a file, or since kmod 35 of a module of the tree.
func (m *modprobeRun) showSymbols(name string) error {
	what := "modversions"
	if m.query == "show-exports" {
		what = "symbols"
	}
	facts, err := m.moduleFacts(name)
	switch {
	case isNotFound(err) || errors.Is(err, fs.ErrNotExist):
		return m.graded(fmt.Sprintf("Module %s not found.", name))
	case errors.Is(err, kernel.ErrDamaged):
		return m.graded(fmt.Sprintf("could not get %s of %s: %s", what, name, damageReason(err)))
	case kernel.ErrnoOf(err) != 0:
		return m.graded(fmt.Sprintf("could not get %s of %s: %s", what, name, strerror(kernel.ErrnoOf(err))))
	case err != nil:
		return err
	}
	list, none := facts.Versions, facts.NoVersions
	if m.query == "show-exports" {
		list, none = facts.Exports, facts.NoExports
	}
	if none {
		return m.graded(fmt.Sprintf("could not get %s of %s: %s", what, name, strerror(syscall.ENODATA)))
	}
	w := bufio.NewWriter(m.Stdout)
	for _, s := range list {
		fmt.Fprintf(w, "0x%08x\t%s\n", s.CRC, s.Name)
	}
	return w.Flush()
}

// moduleFacts reads a module file, or the file of a module of the tree.
func (m *modprobeRun) moduleFacts(name string) (*kmod.ModuleFacts, error) {
	r := m.loader.Resolver
	file := name
	if st, err := os.Stat(name); err != nil || !st.Mode().IsRegular() {
		if err == nil && strings.Contains(name, "/") && !strings.HasSuffix(name, "/") {
			if st.IsDir() {
				return nil, syscall.EISDIR
			}
			return nil, fmt.Errorf("%s is no file: %w", name, kernel.ErrDamaged)
		}
		if name == "." || name == ".." {
			return nil, syscall.EISDIR
		}
		if strings.Contains(name, "/") {
			return nil, kernel.ErrNotFound
		}
		found, err := r.Resolve(name)
		if err != nil {
			return nil, err
		}
		if file = found[0].File; file == "" {
			return nil, kernel.ErrNotFound
		}
		file = r.Tree().Path(file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return kmod.ReadModuleFile(f, name)
}
