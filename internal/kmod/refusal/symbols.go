package refusal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// syms is what is known of the symbols that the kernel image exports.
type syms struct {
	exports map[string]map[string]uint32 // of modules: symbol to checksum
	image   map[string]uint32            // of the image: symbol to checksum, 0 unknown
	all     string                       // the file that has all of the image's; "" there is none
	tried   bool                         // it was looked for
	done    map[string]bool              // modules that were read to learn from
}

// maxSiblings bounds how many modules that came with the kernel are read to
// learn what the image exports, when no file says.
const maxSiblings = 192

// maxSymvers bounds the size in bytes of a Module.symvers.
const maxSymvers = 64 << 20

// checkSymbols looks up every symbol the module asks for: who has it, and
// whether its checksum is the one the module was built with
// (kernel/module/main.c, resolve_symbol; version.c, check_version).
func (c *Checker) checkSymbols(m *kmod.ModuleFacts, module, file string) []Finding {
	u := c.uses(m, module, file)
	return []Finding{c.names(m, u), c.versions(m, u)}
}

// used is what became of the symbols that a module uses.
type used struct {
	own       bool            // the module came with the kernel, whose build checked it
	providers map[string]bool // modules of the tree that export some
	image     map[string]bool // those that the image has to have; true: it may do without
	missing   []string        // exported by nobody
	gone      []string        // modules that are not there
	unknown   int             // whether the image has so many cannot be told
	compared  int             // checksums that were held against others
	differ    []string        // exported with other checksums
}

// uses looks at each symbol that a module uses.
func (c *Checker) uses(m *kmod.ModuleFacts, module, file string) used {
	u := used{own: c.cameWithKernel(m, file), providers: map[string]bool{}, image: map[string]bool{}}
	crcs := map[string]uint32{}
	for _, v := range m.Versions {
		crcs[v.Name] = v.CRC
	}
	for _, s := range m.Imports {
		if s.Name == "" {
			continue
		}
		owner := c.owner(s.Name)
		if owner == "" || owner == module {
			u.image[s.Name] = s.Weak
			continue
		}
		u.providers[owner] = true
		u.compare(s.Name, owner, crcs[s.Name], c.exportsOf(owner)[s.Name])
	}
	if _, ok := crcs["module_layout"]; ok {
		u.image["module_layout"] = true // it is checked, and no symbol table has it
	}
	if !u.own {
		c.learn(u.image, module)
	}
	c.learnLayout()
	u.gone = c.gone(m)
	for _, name := range sorted(u.image) {
		have, there := c.image[name]
		u.compare(name, "the kernel", crcs[name], have)
		switch {
		case there, u.image[name]:
		case c.all != "":
			u.missing = append(u.missing, name)
		default:
			u.unknown++
		}
	}
	return u
}

// compare holds the checksum that a symbol had in the build of its user against
// that of who exports it; 0 is one that is not known.
func (u *used) compare(symbol, owner string, built, have uint32) {
	if built == 0 || have == 0 {
		return
	}
	u.compared++
	if built != have {
		u.differ = append(u.differ, fmt.Sprintf("%s (built against %08x, %s has %08x)", symbol, built, owner, have))
	}
}

// names says whether all symbols are there.
func (c *Checker) names(m *kmod.ModuleFacts, u used) Finding {
	f := Finding{What: WhatSymbols, State: Fits}
	in := func(words string) string {
		if p := sorted(u.providers); len(p) > 0 {
			return words + kmod.Few(p)
		}
		return ""
	}
	switch {
	case len(u.missing) > 0:
		f.State, f.Errno = Refused, "ENOENT"
		f.Text = fmt.Sprintf("neither the kernel (%s) nor a module of the tree exports %s", c.all, kmod.Few(u.missing))
		f.Mend = "install the package that has the module which exports it and run depmod; or " + rebuild(c.release())
	case len(u.gone) > 0:
		f.State, f.Errno = Refused, "ENOENT"
		f.Text = fmt.Sprintf("it was built to use symbols of %s, which the tree has not got", kmod.Few(u.gone))
		f.Mend = "install the package that has the module again and run depmod"
	case u.own:
		delete(u.image, "module_layout") // which is among no one's symbols
		f.Text = fmt.Sprintf("%d, which the build of the kernel checked; %d of them are exported by no module of the tree, so the image has them", len(m.Imports), len(u.image)) +
			in(", the others are in ")
	case u.unknown > 0:
		f.State = Unknown
		f.Text = fmt.Sprintf("%d of %d symbols are exported by no module of the tree; whether the kernel has them cannot be told here (no Module.symvers, and no module that came with the kernel uses them)", u.unknown, len(m.Imports))
	default:
		f.Text = fmt.Sprintf("%d, none of them missing", len(m.Imports)) + in(", some in ")
	}
	return f
}

// versions says whether the checksums of the symbols are those the module was
// built with.
func (c *Checker) versions(m *kmod.ModuleFacts, u used) Finding {
	f := Finding{What: WhatVersions, State: Fits}
	switch {
	case m.ExtendedFault != "":
		f.State, f.Errno = Warned, "ENOEXEC"
		f.Text = m.ExtendedFault + ": kernels from 6.14 on refuse it"
		if c.since(6, 14) {
			f.State = Refused
		}
		f.Mend = "build it anew, or with CONFIG_EXTENDED_MODVERSIONS off"
	case len(m.Versions) == 0:
		f.State, f.Text = Warned, "it has none: a kernel with symbol versions says so and is tainted (forced)"
		if c.ref == nil || c.ref.facts == nil || len(c.ref.facts.Versions) == 0 {
			f.State, f.Text = Fits, "neither it nor the kernel has them"
		}
	case len(u.differ) > 0:
		f.State, f.Errno = Refused, "EINVAL"
		f.Text = "other checksums: " + kmod.Few(u.differ)
		f.Mend = rebuild(c.release())
	case u.compared == 0 && !u.own:
		f.State, f.Text = Unknown, fmt.Sprintf("%d checksums; those of the kernel are not known", len(m.Versions))
	default:
		f.Text = fmt.Sprintf("%d checksums, none of another build", len(m.Versions))
	}
	if f.State == Fits || f.State == Unknown {
		if m.Extended > 0 {
			f.Text += fmt.Sprintf(" (%d in the extended tables of Linux 6.14)", m.Extended)
		}
	}
	return f
}

// gone lists the modules whose symbols a module was built to use (its field
// depends, scripts/mod/modpost.c, add_depends) that are neither in the tree nor
// built in.
func (c *Checker) gone(m *kmod.ModuleFacts) (gone []string) {
	depends, _ := m.Field("depends")
	for name := range strings.SplitSeq(depends, ",") {
		if name == "" || c.fileOf(name) != "" {
			continue
		}
		if builtin, err := c.Resolver.Builtin(name); err == nil && !builtin {
			gone = append(gone, name)
		}
	}
	return gone
}

// owner returns the module of the tree that exports a symbol, "" when none does.
func (c *Checker) owner(symbol string) string {
	found, err := c.Resolver.Resolve("symbol:" + symbol)
	if err != nil {
		return ""
	}
	for _, f := range found {
		if f.Via == kmod.ViaSymbol {
			return f.Module
		}
	}
	return ""
}

func sorted[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
