package kmod

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// planList is the modules that are probed for one module, in order, with
// repetitions: what libkmod calls a probe list.
type planList []*planModule

// planModule is a module while a plan is made, with the marks that libkmod
// keeps in struct kmod_module. One that was found by an alias is another than
// the one of the same name.
type planModule struct {
	p        *planner
	name     string
	alias    string // how else options lines may call it, where it is
	aliased  bool
	file     string
	deps     []*planModule // farthest first, which is the order to load them in
	known    bool          // deps were looked up
	builtin  bool
	because  string
	extra    string // the caller's parameters
	visited  bool
	required bool        // asked for, or a dependency of what was; else wanted softly
	bare     bool        // its install line does not count
	command  *ConfigLine // the install line by which it was found
	at       int         // the place in the list it came to first, counted from 1; 0: none yet
	settled  bool        // withSoft adds nothing more but the module itself
	tells    bool        // its softdep line has a name that cannot be looked up, which is told of each time
}

// span is a part of a probe list: the entries from one place to before another.
type span struct {
	from, to int
	old      bool // the one entry of what had a place already
}

// planner makes the probe lists of one request.
type planner struct {
	r          *Resolver
	modules    map[string]*planModule
	soft       map[string][]*planModule // looked up names in softdep lines
	list       planList
	chains     [][]span // parts of the list that softdep lines want one after the other
	dropBroken bool     // drop the dependencies of a module of which one has no file
	missing    error    // which file was not there
	depth      int      // how many modules wait for the one that is probed
}

// maxSoftDepth bounds how many modules may stand in a chain of which each wants
// the next by a softdep line; each takes about a kilobyte of stack.
const maxSoftDepth = 1 << 17

// planLists makes a probe list for each module that was found for a name.
// missing is the error of dependencies that were dropped.
func (r *Resolver) planLists(found []Found, name string, opt PlanOptions, dropBroken bool) (lists []planList, missing, err error) {
	for _, f := range found {
		if f.Blacklisted || opt.Blacklist && f.BlacklistedBy != "" {
			continue
		}
		p := &planner{r: r, modules: map[string]*planModule{}, soft: map[string][]*planModule{}, dropBroken: dropBroken}
		m := p.fromFound(f)
		m.because, m.extra = because(f, name), opt.Params
		if err := p.probe(m, true, opt.IgnoreCommands); err != nil {
			return nil, nil, err
		}
		lists, missing = append(lists, p.list), errors.Join(missing, p.missing)
	}
	return lists, missing, nil
}

// because says in words why a module is what was asked for.
func because(f Found, name string) string {
	switch f.Via {
	case ViaConfig:
		return fmt.Sprintf("asked for as %s, alias %s at %s", name, f.Pattern, f.Where)
	case ViaAlias, ViaBuiltinAlias:
		return fmt.Sprintf("asked for as %s, alias %s", name, f.Pattern)
	case ViaSymbol:
		return "asked for as " + name
	}
	return "asked for"
}

// fromFound returns the module that was found.
func (p *planner) fromFound(f Found) *planModule {
	key := f.Module
	if f.aliased() {
		key += `\` + f.alias
	}
	m := p.modules[key]
	if m == nil {
		m = &planModule{p: p, name: f.Module, alias: f.alias, aliased: f.aliased(), file: f.File, builtin: f.Builtin, command: f.command}
		p.modules[key] = m
	}
	return m
}

// fromFile returns the module in a file.
func (p *planner) fromFile(file string) *planModule {
	name := moduleNameOf(file)
	m := p.modules[name]
	if m == nil {
		m = &planModule{p: p, name: name, file: file}
		p.modules[name] = m
	}
	return m
}

// dependencies looks up what a module needs.
func (p *planner) dependencies(m *planModule) ([]*planModule, error) {
	if m.known {
		return m.deps, nil
	}
	m.known = true
	line, ok, err := p.r.tree.lookup(indexDep, m.name)
	if err != nil || !ok {
		return nil, err
	}
	file, deps := p.r.tree.depLine(line)
	if m.file == "" {
		m.file = file
	}
	if p.dropBroken {
		for _, d := range deps {
			if (p.r.tree.host || !strings.HasPrefix(d, "/")) && !p.r.tree.hasFile(d) {
				p.missing = p.r.fileMissing(m.name, d)
				return nil, nil
			}
		}
	}
	for _, d := range slices.Backward(deps) {
		dep := p.fromFile(d)
		if dep.because == "" {
			dep.because = m.name + " needs it"
		}
		m.deps = append(m.deps, dep)
	}
	return m.deps, nil
}

// probe adds a module to the list, its dependencies before it, unless that was
// done before (libkmod, __kmod_module_get_probe_list).
func (p *planner) probe(m *planModule, required, bare bool) error {
	if m.visited {
		return nil
	}
	m.visited = true
	if p.depth++; p.depth > maxSoftDepth {
		return fmt.Errorf("softdep lines make a chain of more than %d modules, of which %s is one: %s", maxSoftDepth, m.name, m.because)
	}
	defer func() { p.depth-- }()
	deps, err := p.dependencies(m)
	if err != nil {
		return err
	}
	if required {
		m.required = true
		for _, d := range deps {
			d.required = true
		}
	}
	for _, d := range deps {
		if err := p.withSoft(d); err != nil {
			return err
		}
	}
	if bare {
		p.add(m)
		m.bare = true
		return nil
	}
	return p.withSoft(m)
}

// add puts a module at the end of the list.
func (p *planner) add(m *planModule) {
	p.list = append(p.list, m)
	if m.at == 0 {
		m.at = len(p.list)
	}
}

// options returns the parameters of a module as libkmod joins them: those of
// all options lines for its name or the alias it was found by, then the
// caller's, with a space behind the former even when nothing follows.
func (m *planModule) options() string {
	var parts []string
	for _, l := range m.p.r.about(ConfigOptions, m.name, m.alias) {
		if (l.Name == m.name || m.aliased && l.Name == m.alias) && l.Value != "" {
			parts = append(parts, l.Value)
		}
	}
	if len(parts) == 0 {
		return m.extra
	}
	return strings.Join(parts, " ") + " " + m.extra
}

// install returns the install line that counts for a module: the first one
// whose pattern matches its name, unless the module is to ignore it.
func (m *planModule) install() (ConfigLine, bool) {
	if m.bare {
		return ConfigLine{}, false
	}
	if m.command != nil {
		return *m.command, true
	}
	for _, l := range m.p.r.about(ConfigInstall, m.name) {
		if l.Name == m.name || globMatch(l.Name, m.name) { // a name such as a[b] is no pattern of itself
			return l, true
		}
	}
	return ConfigLine{}, false
}
