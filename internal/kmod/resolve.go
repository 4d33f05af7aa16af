package kmod

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// The ways a name leads to a module, in Found.Via.
const (
	ViaConfig       = "config"        // an alias line of the configuration
	ViaName         = "name"          // it is the module's name
	ViaSymbol       = "symbol"        // symbol:NAME, which the module exports
	ViaInstall      = "install"       // only an install or remove line knows it
	ViaAlias        = "alias"         // an alias inside the module
	ViaBuiltin      = "builtin"       // it is the name of a built-in module
	ViaBuiltinAlias = "builtin-alias" // an alias inside a built-in module
)

// Found is one module that a name stands for.
type Found struct {
	Module  string `json:"module"`            // its name, as the kernel writes it
	File    string `json:"file,omitempty"`    // path relative to the tree; "" when it has none
	Builtin bool   `json:"builtin,omitempty"` // the built-in index has it
	Via     string `json:"via"`               // one of the Via constants
	Pattern string `json:"pattern,omitempty"` // the alias that matched
	Where   string `json:"where,omitempty"`   // file:line of the configuration line that led here
	// Blacklisted says that the configuration blacklists the module and that
	// the name is not the module's own, so that modprobe passes it over.
	// BlacklistedBy is the file:line, also where the blacklist has no effect
	// because the module was asked for by its own name.
	Blacklisted   bool   `json:"blacklisted,omitempty"`
	BlacklistedBy string `json:"blacklisted_by,omitempty"`

	alias   string      // what options lines may call it besides its name
	command *ConfigLine // the install line that led here
}

// aliased says that the name is an alias of the module; the empty word may be one.
func (f Found) aliased() bool {
	switch f.Via {
	case ViaConfig, ViaSymbol, ViaAlias, ViaBuiltinAlias:
		return true
	}
	return false
}

// Resolver finds the modules that names stand for, in one tree under one
// configuration, as modprobe of kmod 30 does. All methods may be called from
// any goroutine.
type Resolver struct {
	// AtHand says that who asks typed the names: then they may hold whatever kmod
	// looks up, a dash at the start or bytes beyond ASCII. No path is made of them.
	AtHand bool
	// Says, where it is set, is told what libkmod says of a name that it cannot look
	// up, or whose module it cannot. It is called where that comes up.
	Says func(text string)

	tree    *Tree
	user    *Config
	brought func() treeEntries // what the tree brings, read once

	once  sync.Once
	whole *Config // user with what the tree brings
	err   error
	kinds [len(configKinds)]kindLines

	inImage builtinSet
}

// NewResolver returns a resolver over t with the configuration c, to which
// joins what the tree itself says (modules.softdep). c may be nil.
func NewResolver(t *Tree, c *Config) *Resolver {
	if c == nil {
		c = &Config{}
	}
	return &Resolver{tree: t, user: c, brought: sync.OnceValue(func() treeEntries { return treeConfig(t) })}
}

// Tree returns the tree of the resolver.
func (r *Resolver) Tree() *Tree { return r.tree }

// Config returns the whole configuration, the tree's own soft dependencies
// included.
func (r *Resolver) Config() (*Config, error) {
	r.once.Do(func() {
		b := r.brought()
		r.whole, r.err = &Config{}, b.err
		if b.err == nil {
			r.whole = r.user.with(b.files...)
		}
	})
	return r.whole, r.err
}

// Complaints returns what kmod's tools say of lines that are passed over in the
// configuration and in what the tree brings to it, in the words of libkmod.
func (r *Resolver) Complaints() []string {
	return r.user.with(r.brought().files...).Complaints() // what is damaged is said when it is needed
}

// ResolveOptions change what ResolveWith returns.
type ResolveOptions struct {
	// Blacklist leaves out the modules modprobe would pass over because they
	// are blacklisted: those that the name is only an alias of.
	Blacklist bool
}

// Resolve returns the modules that name stands for, in modprobe's order. name
// may be a module's name, an alias, or symbol:NAME. The places it is looked
// for, of which the first that has it ends the search (kmod 30,
// kmod_module_new_from_lookup): alias lines of the configuration; module
// names; exported symbols; install and remove lines; aliases inside modules;
// built-in modules; aliases inside built-in modules.
//
// Errors wrap kernel.ErrInvalidName when name cannot be one, kernel.ErrNotFound
// when it stands for nothing, kernel.ErrDamaged when an index makes no sense.
func (r *Resolver) Resolve(name string) ([]Found, error) {
	return r.ResolveWith(name, ResolveOptions{})
}

// ResolveWith is Resolve with options. All matches being blacklisted is no
// error: the result is empty.
func (r *Resolver) ResolveWith(name string, opt ResolveOptions) ([]Found, error) {
	found, err := r.names(name)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := r.complete(&found[i]); err != nil {
			return nil, fmt.Errorf("resolve %s: %w", name, err)
		}
	}
	if opt.Blacklist {
		found = slices.DeleteFunc(found, func(f Found) bool { return f.Blacklisted })
	}
	return found, nil
}

// names is Resolve for who wants the modules' names alone.
func (r *Resolver) names(name string) ([]Found, error) {
	key, err := r.checkName(name)
	if err != nil {
		return nil, err
	}
	found, err := r.find(key)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	if len(found) == 0 {
		return nil, r.notFound(name)
	}
	return found, nil
}

// pathMax is PATH_MAX, the size of libkmod's buffers for names.
const pathMax = 4096

// checkName refuses what cannot be looked up, and gives it the indexes' form.
func (r *Resolver) checkName(name string) (string, error) {
	if err := kernel.CheckAlias(name); err != nil && !r.AtHand {
		return "", err
	}
	if len(name) >= pathMax {
		name = name[:pathMax-1] // as libkmod, alias_normalize
	}
	key, ok := normalizeAlias(name)
	if !ok {
		return "", fmt.Errorf("%q: %w (unmatched bracket)", clipText(name), kernel.ErrInvalidName)
	}
	return key, nil
}

// ResolveName is Resolve for a module's own name: aliases do not count, but those
// of built-in modules, as with kmod's kmod_module_new_from_name_lookup.
func (r *Resolver) ResolveName(name string) ([]Found, error) {
	key, err := r.checkName(name)
	if err != nil {
		return nil, err
	}
	found, err := r.findIn(beforeDot(key), ViaName, ViaBuiltin, ViaBuiltinAlias)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	if len(found) == 0 {
		return nil, r.notFound(name)
	}
	found = found[:1]
	return found, r.complete(&found[0])
}

// FileOf returns the file of a module, "" when it has none. Errors are those of
// Resolve.
func (r *Resolver) FileOf(module string) (string, error) {
	found, err := r.Resolve(module)
	if i := slices.IndexFunc(found, func(f Found) bool { return f.Module == module }); err == nil && i >= 0 {
		return found[i].File, nil
	}
	return "", err
}

// complete fills in what the places do not say: file, built-in, blacklist.
func (r *Resolver) complete(f *Found) error {
	if f.File == "" && !f.Builtin {
		line, ok, err := r.tree.lookup(indexDep, f.Module)
		if err != nil {
			return err
		}
		if ok {
			f.File, _ = r.tree.depLine(line)
		}
	}
	if !f.Builtin {
		var err error
		if f.Builtin, err = r.builtin(f.Module); err != nil {
			return err
		}
	}
	if l, ok := r.blacklisted(f.Module); ok {
		f.BlacklistedBy = l.Where()
		f.Blacklisted = f.aliased()
	}
	return nil
}

// blacklisted returns the line that blacklists a module.
func (r *Resolver) blacklisted(module string) (ConfigLine, bool) {
	for _, l := range r.about(ConfigBlacklist, module) {
		if l.Name == module {
			return l, true
		}
	}
	return ConfigLine{}, false
}

// notFound is the error of a name that stands for nothing, which says what is
// missing where it is the tree's fault.
func (r *Resolver) notFound(name string) error {
	var missing []string
	for _, kind := range [...]indexKind{indexDep, indexAlias, indexBuiltin, indexBuiltinAlias} {
		if ix, err := r.tree.index(kind); err == nil && ix.reader == nil {
			missing = append(missing, string(kind))
		}
	}
	dir := r.tree.Dir()
	switch {
	case slices.Contains(missing, string(indexDep)):
		if below := treesIn(dir); r.tree.OnDisk() && len(below) > 0 {
			return fmt.Errorf("module %s: %w in %s, which is no module tree but has such in it: %s; name one of these", name, kernel.ErrNotFound, dir, Few(below))
		}
		return fmt.Errorf("module %s: %w in %s, which has no modules.dep: run depmod for this tree", name, kernel.ErrNotFound, dir)
	case len(missing) > 0:
		return fmt.Errorf("module %s: %w in %s, which has no %s, so what that would name is not known", name, kernel.ErrNotFound, dir, strings.Join(missing, " and no "))
	}
	return fmt.Errorf("module %s: %w in %s: no module, alias, symbol or built-in module has this name", name, kernel.ErrNotFound, dir)
}
