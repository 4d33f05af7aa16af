package kmod

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// places are where names are looked for: in this order, until one has the name.
// (Bound to a resolver they would be made anew for each name.)
var places = [...]struct {
	via  string
	find func(r *Resolver, key string) ([]Found, error)
}{
	{ViaConfig, (*Resolver).fromConfig}, {ViaName, (*Resolver).fromNames}, {ViaSymbol, (*Resolver).fromSymbols}, {ViaInstall, (*Resolver).fromCommands},
	{ViaAlias, (*Resolver).fromAliases}, {ViaBuiltin, (*Resolver).fromBuiltin}, {ViaBuiltinAlias, (*Resolver).fromBuiltinAliases},
}

// find looks key up in all places in their order.
func (r *Resolver) find(key string) ([]Found, error) { return r.findIn(key) }

// findIn looks key up in the places called vias, in all where none is named.
func (r *Resolver) findIn(key string, vias ...string) ([]Found, error) {
	for _, p := range places {
		if len(vias) > 0 && !slices.Contains(vias, p.via) {
			continue
		}
		found, err := p.find(r, key)
		if r.err != nil {
			return nil, r.err
		}
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

func (r *Resolver) fromConfig(key string) (found []Found, err error) {
	for _, l := range r.about(ConfigAlias, key) {
		if globMatch(l.Name, key) {
			if err := r.fits(key, "modname", l.Name, l.Value); err != nil {
				return nil, err
			}
			found = append(found, Found{Module: l.Value, Via: ViaConfig, Pattern: l.Name, Where: l.Where(), alias: l.Name})
		}
	}
	return found, nil
}

func (r *Resolver) fromNames(key string) ([]Found, error) {
	if strings.Contains(key, ":") {
		return nil, nil // no module's name, so the index need not be read
	}
	line, ok, err := r.tree.lookup(indexDep, key)
	if err != nil || !ok {
		return nil, err
	}
	file, _ := r.tree.depLine(line)
	return []Found{{Module: key, File: file, Via: ViaName}}, nil
}

func (r *Resolver) fromSymbols(key string) ([]Found, error) {
	if !strings.HasPrefix(key, "symbol:") {
		return nil, nil
	}
	return r.fromIndex(indexSymbol, key, ViaSymbol)
}

func (r *Resolver) fromCommands(key string) ([]Found, error) {
	install := r.about(ConfigInstall, key)
	for i := range install {
		if l := &install[i]; l.Name == key {
			return []Found{{Module: beforeDot(key), Via: ViaInstall, Where: l.Where(), command: l}}, nil
		}
	}
	for _, l := range r.about(ConfigRemove, key) {
		if l.Name == key {
			return []Found{{Module: key, Via: ViaInstall, Where: l.Where()}}, nil
		}
	}
	return nil, nil
}

func (r *Resolver) fromAliases(key string) ([]Found, error) {
	return r.fromIndex(indexAlias, key, ViaAlias)
}

func (r *Resolver) fromBuiltin(key string) ([]Found, error) {
	ok, err := r.builtin(key)
	if err != nil || !ok {
		return nil, err
	}
	return []Found{{Module: key, Builtin: true, Via: ViaBuiltin}}, nil
}

func (r *Resolver) fromBuiltinAliases(key string) ([]Found, error) {
	found, err := r.fromIndex(indexBuiltinAlias, key, ViaBuiltinAlias)
	for i := range found {
		found[i].Builtin = true
	}
	return found, err
}

func (r *Resolver) fromIndex(kind indexKind, key, via string) ([]Found, error) {
	matches, err := r.tree.match(kind, key)
	found := make([]Found, 0, len(matches))
	for _, m := range matches {
		if err := r.fits(key, "realname", key, m.value); err != nil {
			return nil, err
		}
		found = append(found, Found{Module: m.value, Via: via, Pattern: m.key, alias: key})
	}
	return found, err
}

// beforeDot is the module name that libkmod makes of one with a dot in it
// (modname_normalize); one that begins with a dot stays.
func beforeDot(name string) string {
	if i := strings.IndexByte(name, '.'); i > 0 {
		return name[:i]
	}
	return name
}

// fits refuses an alias and its module that are together too long for what libkmod
// keeps of them (kmod_module_new_from_alias), where who asks typed the name; it is
// then looked for no further.
func (r *Resolver) fits(key, what, alias, module string) error {
	if len(alias)+len(module)+2 <= pathMax || !r.AtHand {
		return nil
	}
	r.say("Could not create module for alias=%s %s=%s: %s", key, what, module, kernel.Strerror(syscall.ENAMETOOLONG))
	return fmt.Errorf("%q: %w (too long together with its module %q)", clipText(key), kernel.ErrInvalidName, clipText(module))
}

// softNamed is what a name in a softdep line stands for. An error that wraps
// kernel.ErrInvalidName is for a name that cannot be looked up, and has been told
// (libkmod, lookup_dep).
func (r *Resolver) softNamed(name string) (found []Found, err error) {
	key, err := r.checkName(name)
	if err == nil {
		found, err = r.find(key)
	}
	if errors.Is(err, kernel.ErrInvalidName) {
		r.say("failed to lookup dependency '%s', continuing anyway.", name)
	}
	return found, err
}

func (r *Resolver) say(format string, args ...any) {
	if r.Says != nil {
		r.Says(fmt.Sprintf(format, args...))
	}
}
