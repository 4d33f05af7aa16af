package refusal

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path"
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
func (c *Checker) checkSymbols(m *kmod.ModuleFacts, module string) []Finding {
	need := map[string]bool{} // symbols of the image, and their being weak
	var missing, differ []string
	names := Finding{What: WhatSymbols, State: Fits}
	versions := Finding{What: WhatVersions, State: Fits}
	crcs := map[string]uint32{}
	for _, v := range m.Versions {
		crcs[v.Name] = v.CRC
	}
	providers := map[string]bool{}
	for _, s := range m.Imports {
		if s.Name == "" {
			continue
		}
		owner := c.owner(s.Name)
		if owner == "" || owner == module {
			need[s.Name] = s.Weak
			continue
		}
		providers[owner] = true
		if have, ok := c.exportsOf(owner)[s.Name]; ok && have != 0 && crcs[s.Name] != 0 && have != crcs[s.Name] {
			differ = append(differ, fmt.Sprintf("%s (built against %08x, %s has %08x)", s.Name, crcs[s.Name], owner, have))
		}
	}
	if _, ok := crcs["module_layout"]; ok {
		need["module_layout"] = true // it is checked, and no symbol table has it
	}
	own := c.cameWithKernel(m)
	if !own {
		c.learn(need, module)
	}
	c.learnLayout()
	gone := c.gone(m)
	unknown := 0
	for _, name := range sorted(need) {
		have, there := c.image[name]
		switch {
		case there && have != 0 && crcs[name] != 0 && have != crcs[name]:
			differ = append(differ, fmt.Sprintf("%s (built against %08x, the kernel has %08x)", name, crcs[name], have))
		case there, need[name]:
		case c.all != "":
			missing = append(missing, name)
		default:
			unknown++
		}
	}
	switch {
	case len(missing) > 0:
		names.State, names.Errno = Refused, "ENOENT"
		names.Text = fmt.Sprintf("neither the kernel (%s) nor a module of the tree exports %s", c.all, few(missing))
		names.Mend = "install the package that has the module which exports it and run depmod; or " + rebuild(c.release())
	case len(gone) > 0:
		names.State, names.Errno = Refused, "ENOENT"
		names.Text = fmt.Sprintf("it was built to use symbols of %s, which the tree has not got", few(gone))
		names.Mend = "install the package that has the module again and run depmod"
	case own:
		delete(need, "module_layout") // which is among no one's symbols
		names.Text = fmt.Sprintf("%d, which the build of the kernel checked; %d of them are exported by no module of the tree, so the image has them", len(m.Imports), len(need))
		if p := sorted(providers); len(p) > 0 {
			names.Text += ", the others are in " + few(p)
		}
	case unknown > 0:
		names.State = Unknown
		names.Text = fmt.Sprintf("%d of %d symbols are exported by no module of the tree; whether the kernel has them cannot be told here (no Module.symvers, and no module that came with the kernel uses them)", unknown, len(m.Imports))
	default:
		names.Text = fmt.Sprintf("all %d are there", len(m.Imports))
		if p := sorted(providers); len(p) > 0 {
			names.Text += ", some in " + few(p)
		}
	}
	switch {
	case len(m.Versions) == 0:
		versions.State, versions.Text = Warned, "it has none: a kernel with symbol versions says so and is tainted (forced)"
		if c.ref == nil || c.ref.facts == nil || len(c.ref.facts.Versions) == 0 {
			versions.State, versions.Text = Fits, "neither it nor the kernel has them"
		}
	case len(differ) > 0:
		versions.State, versions.Errno = Refused, "EINVAL"
		versions.Text = "other checksums: " + few(differ)
		versions.Mend = rebuild(c.release())
	default:
		versions.Text = fmt.Sprintf("%d checksums, none of another build", len(m.Versions))
		if m.Extended > 0 {
			versions.Text += fmt.Sprintf(" (%d in the extended tables of Linux 6.14)", m.Extended)
		}
	}
	return []Finding{names, versions}
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

// exportsOf returns what a module exports.
func (c *Checker) exportsOf(module string) map[string]uint32 {
	if have, ok := c.exports[module]; ok {
		return have
	}
	if c.exports == nil {
		c.exports = map[string]map[string]uint32{}
	}
	out := map[string]uint32{}
	if m := c.read(c.fileOf(module)); m != nil {
		for _, s := range m.Exports {
			out[s.Name] = s.CRC
		}
	}
	c.exports[module] = out
	return out
}

// learn finds out about symbols of the image: from Module.symvers beside the
// tree, else from modules that came with the kernel, whose own tables name what
// they use of it.
func (c *Checker) learn(need map[string]bool, module string) {
	if !c.tried {
		c.tried = true
		c.image, c.all = c.symvers()
	}
	if c.image == nil {
		c.image = map[string]uint32{}
	}
	if c.all != "" || c.Light {
		return
	}
	lack := func() bool {
		for name, weak := range need {
			if _, ok := c.image[name]; !ok && !weak {
				return true
			}
		}
		return false
	}
	if c.done == nil {
		c.done = map[string]bool{}
	}
	for _, other := range c.siblings(module) {
		if !lack() || len(c.done) >= maxSiblings {
			return
		}
		if !c.done[other] {
			c.done[other] = true
			c.learnFrom(other)
		}
	}
}

// cameWithKernel says whether a module is one of the kernel's own build: then
// modpost has seen to it that every symbol is there.
func (c *Checker) cameWithKernel(m *kmod.ModuleFacts) bool {
	ref := c.reference()
	if ref == nil {
		return false
	}
	_, intree := m.Field("intree")
	mine, _ := m.Field("vermagic")
	theirs, _ := ref.facts.Field("vermagic")
	return intree && mine == theirs
}

// learnLayout takes the checksum of struct module from the module that came
// with the kernel: it is another in every other build.
func (c *Checker) learnLayout() {
	ref := c.reference()
	if ref == nil || c.all != "" {
		return
	}
	if c.image == nil {
		c.image = map[string]uint32{}
	}
	for _, v := range ref.facts.Versions {
		if v.Name == "module_layout" {
			c.image[v.Name] = v.CRC
		}
	}
}

// learnFrom takes what a module that came with the kernel uses of the image.
func (c *Checker) learnFrom(module string) {
	m := c.read(c.fileOf(module))
	if m == nil {
		return
	}
	if _, intree := m.Field("intree"); !intree {
		return
	}
	for _, s := range m.Imports {
		if c.owner(s.Name) == "" {
			c.image[s.Name] = max(c.image[s.Name], s.CRC)
		}
	}
}

// siblings lists the modules below kernel/ other than the one named: those of
// its directory first, since they use the same parts of the kernel, then some
// from everywhere.
func (c *Checker) siblings(module string) []string {
	names, err := c.Resolver.Names()
	if err != nil {
		return nil
	}
	dir := path.Dir(c.fileOf(module))
	var near, far []string
	step := max(1, len(names)/maxSiblings)
	for i, name := range names {
		if name == module {
			continue
		}
		file := c.fileOf(name)
		switch {
		case !strings.HasPrefix(file, "kernel/"):
		case path.Dir(file) == dir && len(near) < maxSiblings/2:
			near = append(near, name)
		case i%step == 0:
			far = append(far, name)
		}
	}
	return append(near, far...)
}

// symvers reads the Module.symvers that the kernel's headers have, beside the
// tree's link build.
func (c *Checker) symvers() (crcs map[string]uint32, from string) {
	t := c.Resolver.Tree()
	if !t.OnDisk() {
		return nil, ""
	}
	from = t.Path("build/Module.symvers")
	f, err := os.Open(from)
	if err != nil {
		return nil, ""
	}
	defer f.Close()
	crcs, err = kmod.ReadSymvers(io.LimitReader(f, maxSymvers), nil)
	if err != nil || len(crcs) == 0 {
		return nil, ""
	}
	return crcs, from
}

// few names some of a list and says how many more there are.
func few(list []string) string { return kmod.FewNames(list, 4) }

func sorted[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
