package refusal

import (
	"io"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

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
// modpost has seen to it that every symbol is there. Other builds of the same
// source say intree=Y, too: only those of the tree's own part are meant.
func (c *Checker) cameWithKernel(m *kmod.ModuleFacts, file string) bool {
	ref := c.reference()
	file = strings.TrimPrefix(file, c.Resolver.Tree().Dir()+"/")
	if ref == nil || !strings.HasPrefix(path.Clean(file), "kernel/") {
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
