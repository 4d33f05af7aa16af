package refusal

import (
	"fmt"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// reference is a module of the same tree that is known to have come with the
// kernel: what it has in common with all others built then is compared with.
type reference struct {
	module string
	facts  *kmod.ModuleFacts
}

// maxReferences bounds how many modules are read to find one.
const maxReferences = 8

// reference returns a module that came with the kernel (intree=Y, below
// kernel/, its vermagic that of the release where that is known); nil when the
// tree has none.
func (c *Checker) reference() *reference {
	if c.ref != nil {
		if c.ref.facts == nil {
			return nil
		}
		return c.ref
	}
	c.ref = &reference{}
	names, err := c.Resolver.Names()
	if err != nil {
		return nil
	}
	tried := 0
	for _, name := range names {
		file := c.fileOf(name)
		if !strings.HasPrefix(file, "kernel/") {
			continue
		}
		if tried++; tried > maxReferences {
			break
		}
		m := c.read(file)
		if m == nil {
			continue
		}
		_, intree := m.Field("intree")
		magic, _ := m.Field("vermagic")
		word, _, _ := strings.Cut(magic, " ")
		if !intree || c.Release != "" && word != c.Release {
			continue
		}
		c.ref = &reference{module: name, facts: m}
		return c.ref
	}
	return nil
}

// fileOf returns the file of a module, "" when it has none.
func (c *Checker) fileOf(module string) string {
	file, err := c.Resolver.FileOf(module)
	if err != nil {
		return ""
	}
	return file
}

// read returns the facts of a module file of the tree, nil when it makes no
// sense.
func (c *Checker) read(file string) *kmod.ModuleFacts {
	f, err := c.open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	m, err := kmod.ReadModuleFile(f, file)
	if err != nil {
		return nil
	}
	return m
}

// checkLayout compares the size of struct module, which the module has a copy
// of (kernel/module/main.c of 6.4 and later, elf_validity_check:
// ".gnu.linkonce.this_module section size must match").
func (c *Checker) checkLayout(m *kmod.ModuleFacts) Finding {
	f := Finding{What: WhatLayout, State: Fits, Text: fmt.Sprintf("%d bytes", m.ThisModule)}
	if m.ThisModule < 0 {
		f.State, f.Errno = Refused, "ENOEXEC"
		f.Text, f.Mend = "there is no section .gnu.linkonce.this_module: it is no kernel module, or not linked to its end", "build it with the kernel's own makefile (make -C /lib/modules/RELEASE/build M=$PWD)"
		return f
	}
	ref := c.reference()
	switch {
	case ref == nil:
		f.State = Unknown
		f.Text += "; no module of the kernel's own is there to compare with"
	case ref.facts.ThisModule != m.ThisModule && ref.facts.Bits == m.Bits:
		f.State, f.Errno = Refused, "ENOEXEC"
		f.Text = fmt.Sprintf(".gnu.linkonce.this_module has %d bytes, that of %s, which came with the kernel, has %d: it was built with another configuration or another kernel's headers", m.ThisModule, ref.module, ref.facts.ThisModule)
		f.Mend = rebuild(c.release())
	}
	return f
}

// release is the kernel's release, or a word for it.
func (c *Checker) release() string {
	if c.Release != "" {
		return c.Release
	}
	if ref := c.reference(); ref != nil {
		magic, _ := ref.facts.Field("vermagic")
		word, _, _ := strings.Cut(magic, " ")
		return word
	}
	return "$(uname -r)"
}

// since says whether the kernel is of that version or a later one; false where
// its release is not known.
func (c *Checker) since(major, minor int) bool {
	a, b, ok := kernel.ReleaseNumbers(c.release())
	return ok && (a > major || a == major && b >= minor)
}

// rebuild says how a module comes to fit a kernel.
func rebuild(release string) string {
	return fmt.Sprintf("build it against the headers of %s (dkms autoinstall -k %s, or make -C /lib/modules/%s/build M=DIR)", release, release, release)
}

// checkVermagic compares vermagic strings (kernel/module/main.c, check_modinfo).
// With symbol versions the kernel does not look at the first word
// (same_magic), which is the release.
func (c *Checker) checkVermagic(m *kmod.ModuleFacts, file string) Finding {
	magic, ok := m.Field("vermagic")
	f := Finding{What: WhatVermagic, State: Fits, Text: strings.TrimSpace(magic)}
	if !ok {
		f.State = Warned
		f.Text, f.Mend = "there is none: the kernel loads it only by force, and is tainted then", rebuild(c.release())
		return f
	}
	want, whose := "", ""
	if ref := c.reference(); ref != nil {
		want, _ = ref.facts.Field("vermagic")
		whose = ", that of " + ref.module + ", which came with the kernel, is " + quote(want)
	} else if c.Release != "" {
		want, whose = c.Release, ", and the kernel is "+c.Release
	}
	if want == "" {
		f.State = Unknown
		f.Text += "; what the kernel's own is, is not known"
		return f
	}
	a, resta, _ := strings.Cut(magic, " ")
	b, restb, haveRest := strings.Cut(want, " ")
	versions := len(m.Versions) > 0
	switch {
	case a != b && !versions, haveRest && resta != restb:
		f.State, f.Errno = Refused, "ENOEXEC"
		f.Text = quote(magic) + " is not the kernel's" + whose
		f.Mend = rebuild(b)
		if strings.HasPrefix(path.Clean(file), "kernel/") {
			f.Mend = "install the modules of this very kernel again, or boot the kernel they are for (" + a + ")"
		}
	case a != b:
		f.State = Warned
		f.Text = quote(magic) + " names another release" + whose + "; with symbol versions the kernel looks only at the rest, and at each symbol"
	}
	return f
}

func quote(s string) string { return "\"" + s + "\"" }
