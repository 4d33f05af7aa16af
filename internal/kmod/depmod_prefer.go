package kmod

import (
	"path"
	"slices"
	"strings"
)

// prefers reports whether m takes the place of old, a module of the same name
// that was found before: by the override that comes last in the
// configuration, then by the search order, where external stands for those
// directories in the order of their lines; between equals the first stays.
func (c *depmodConfig) prefers(m, old *depmodModule) bool {
	for _, o := range c.overrides {
		if c.overridden(m, o) {
			return true
		}
		if c.overridden(old, o) {
			return false
		}
	}
	if m.ext && old.ext && slices.Contains(c.searches, searchExternal) {
		return c.externalOf(m) < c.externalOf(old)
	}
	// Where one word of the order is above another, such as updates above
	// updates/dkms, kmod's answer can hang on which file it meets first.
	if first, second := c.replaces(m, old), c.replaces(old, m); first != second {
		return first
	}
	return c.rank(m) < c.rank(old)
}

// replaces reports whether kmod would take m in place of old, when it meets old
// first: a word that stands for both is a right of m alone there (kmod 30 to 34,
// tools/depmod.c, depmod_module_is_higher_priority).
func (c *depmodConfig) replaces(m, old *depmodModule) bool {
	right, other := -1, -1
	for i, s := range c.searches {
		switch {
		case c.standsFor(s, m):
			if right < 0 {
				right = i
			}
		case c.standsFor(s, old):
			if other < 0 {
				other = i
			}
		}
	}
	if right < 0 {
		right = c.rankOf(searchBuiltin)
	}
	if other < 0 {
		other = c.rankOf(searchBuiltin)
	}
	return right < other
}

// standsFor reports whether a word of the search order, other than built-in,
// stands for a module's file.
func (c *depmodConfig) standsFor(word string, m *depmodModule) bool {
	switch word {
	case searchBuiltin:
		return false
	case searchExternal:
		return m.ext
	}
	return !m.ext && strings.HasPrefix(m.rel, word+"/")
}

// externalOf is the place of the external directory that a module is in.
func (c *depmodConfig) externalOf(m *depmodModule) int {
	return slices.IndexFunc(c.externals, func(dir string) bool { return strings.HasPrefix(m.path, inWorkDir(dir)+"/") })
}

func (c *depmodConfig) overridden(m *depmodModule, override string) bool {
	dir, base := path.Split(m.rel)
	stem, _, _ := strings.Cut(base, ".")
	return dir+stem == override
}

// rank is a module's place in the search order, 0 the best. A directory stands
// for all below it. What no word of the order stands for comes
// after all that one does.
func (c *depmodConfig) rank(m *depmodModule) int {
	if m.ext {
		return c.rankOf(searchExternal)
	}
	for i, s := range c.searches {
		if c.standsFor(s, m) {
			return i
		}
	}
	return c.rankOf(searchBuiltin)
}

func (c *depmodConfig) rankOf(word string) int {
	if i := slices.Index(c.searches, word); i >= 0 {
		return i
	}
	return len(c.searches)
}
