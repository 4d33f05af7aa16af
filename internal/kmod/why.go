package kmod

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Why says how a name comes to what modprobe does for it: where it was looked
// for, which lines of the configuration count and which do not, and what
// follows.
type Why struct {
	Name    string      `json:"name"`
	Looked  []Looked    `json:"looked"`
	Modules []WhyModule `json:"modules"`
	// Notes are what the configuration's files have against them: shadowed,
	// unreadable, lines that are none.
	Notes []string `json:"notes,omitempty"`
	// Hints say what may be the matter where the name stands for nothing.
	Hints []string `json:"hints,omitempty"`
	// Tree is the module tree and its indexes.
	Tree Health `json:"tree"`
}

// Looked is one place a name was looked for in.
type Looked struct {
	Place string   `json:"place"` // one of the Via constants
	Found []string `json:"found,omitempty"`
}

// WhyModule is one module the name stands for.
type WhyModule struct {
	Found
	Lines  []LineEffect `json:"lines,omitempty"` // in the order in which they count
	Params []ParamFrom  `json:"params,omitempty"`
	Plan   []PlanStep   `json:"plan,omitempty"`
	// Fails says why the plan cannot be carried out.
	Fails string `json:"fails,omitempty"`
	// Users are modules that need it: loading one of them loads it, too.
	Users []string `json:"users,omitempty"`
	// Routes are the ways on which it can be loaded.
	Routes []Route `json:"routes,omitempty"`
	// KeepOut says, where lines are there to keep it out and leave ways open,
	// what would close them.
	KeepOut string `json:"keep_out,omitempty"`
	// Stale says that its file is newer than the indexes.
	Stale bool `json:"stale,omitempty"`
}

// LineEffect is a line of the configuration and what it does on this way.
type LineEffect struct {
	Where  string `json:"where"`
	Text   string `json:"text"`
	Counts bool   `json:"counts"`
	Effect string `json:"effect"`
}

// ParamFrom is one parameter and where it comes from. Of several of one name
// the kernel takes the last.
type ParamFrom struct {
	Param      string `json:"param"`
	Where      string `json:"where"`
	Overridden bool   `json:"overridden,omitempty"`
}

// text is the line as it could stand in a file.
func (l ConfigLine) text() string {
	return strings.TrimRight(string(l.Kind)+" "+l.Name+" "+l.Value, " ")
}

// Explain says why a name does what it does. Its error is that of Resolve for
// what is no name at all, or an index that makes no sense; a name that stands
// for nothing is explained, too, and the error says what may be missing.
func (r *Resolver) Explain(name string) (*Why, error) {
	health := r.tree.Health()
	r, done := r.listening()
	defer done()
	key, err := r.checkName(name)
	if err != nil {
		return nil, err
	}
	w := &Why{Name: name, Looked: []Looked{}, Modules: []WhyModule{}, Notes: r.user.Warnings(), Tree: health}
	for _, p := range places {
		found, err := p.find(r, key)
		if err = errors.Join(err, r.err); err != nil {
			return nil, fmt.Errorf("resolve %s: %w", name, err)
		}
		look := Looked{Place: p.via}
		for _, f := range found {
			look.Found = append(look.Found, f.Module)
		}
		w.Looked = append(w.Looked, look)
		if len(found) > 0 {
			break
		}
	}
	found, err := r.Resolve(name)
	if err != nil {
		w.Hints = r.hints(name, w.Tree)
		return w, err
	}
	for _, f := range found {
		m, err := r.whyModule(f, name)
		if err != nil {
			return nil, err
		}
		w.Modules = append(w.Modules, m)
	}
	return w, nil
}

// hints says what may be the matter with a name that stands for nothing.
func (r *Resolver) hints(name string, h Health) (out []string) {
	if below := treesIn(h.Dir); r.tree.OnDisk() && !r.tree.there("modules.dep") && len(below) > 0 {
		return []string{fmt.Sprintf("%s is no module tree, but has such in it: %s", h.Dir, fewNames(below))}
	}
	for _, i := range h.Trouble() {
		if i.Lost != "" {
			out = append(out, strings.TrimSuffix(fmt.Sprintf("%s has no %s: %s; %s", h.Dir, i.Index, i.Lost, r.tree.mend(i.Index)), "; "))
		}
	}
	if kernel.CheckModuleName(name) != nil {
		return out
	}
	if file := r.strayed(name); file != "" {
		out = append(out, fmt.Sprintf("%s is there, and modules.dep does not know it: run depmod", r.tree.Path(file)))
	}
	return out
}

// whyModule explains one module.
func (r *Resolver) whyModule(f Found, name string) (WhyModule, error) {
	m := WhyModule{Found: f}
	soft, err := r.softLine(f.Module)
	if err != nil {
		return m, err
	}
	for _, kind := range [...]ConfigKind{ConfigAlias, ConfigBlacklist, ConfigSoftdep, ConfigInstall, ConfigRemove, ConfigWeakdep, ConfigOptions} {
		var first ConfigLine
		for l := range r.each(kind) {
			if !r.concerns(l, f, name) {
				continue
			}
			e := LineEffect{Where: l.Where(), Text: l.text()}
			e.Counts, e.Effect = r.effect(l, f, first, soft)
			if first.Kind == "" {
				first = l
			}
			m.Lines = append(m.Lines, e)
			if kind == ConfigOptions {
				for _, p := range SplitParams(l.Value) {
					m.Params = append(m.Params, ParamFrom{Param: p, Where: e.Where})
				}
			}
		}
	}
	overridden(m.Params)
	if m.Users, err = r.Users(f.Module); err != nil {
		m.Users = nil // a name that only the configuration knows has none
	}
	m.Routes = r.routes(m, r.hasAliases(f.Module))
	m.KeepOut = keepOut(m, soft)
	m.Stale = f.File != "" && r.tree.Newer(f.File) > 0
	if f.Blacklisted {
		return m, nil
	}
	lists, _, err := r.planLists([]Found{f}, name, PlanOptions{}, false)
	if err != nil {
		return m, err
	}
	for _, list := range lists {
		steps, err := r.planSteps(list, checked, nil)
		if err != nil {
			m.Fails = err.Error()
			steps, err = r.planSteps(list, unchecked, nil)
		}
		if err != nil {
			return m, err
		}
		m.Plan = append(m.Plan, steps...)
	}
	return m, nil
}

// concerns says whether a line is about a module that was found for a name.
func (r *Resolver) concerns(l ConfigLine, f Found, name string) bool {
	switch l.Kind {
	case ConfigAlias:
		key, _ := normalizeAlias(name)
		return globMatch(l.Name, key)
	case ConfigBlacklist:
		return l.Name == f.Module
	case ConfigOptions:
		return l.Name == f.Module || f.aliased() && l.Name == f.alias
	}
	return globMatch(l.Name, f.Module)
}

// softLine returns the softdep line that gives a module soft dependencies, ""
// when none does.
func (r *Resolver) softLine(module string) (string, error) {
	for _, l := range r.about(ConfigSoftdep, module) {
		if !globMatch(l.Name, module) {
			continue
		}
		for _, n := range slices.Concat(l.Pre, l.Post) {
			found, err := r.Resolve(n)
			if err != nil && !errors.Is(err, kernel.ErrNotFound) && !errors.Is(err, kernel.ErrInvalidName) {
				return "", err
			}
			if len(found) > 0 {
				return l.Where(), nil
			}
		}
		return "", nil // only the first counts
	}
	return "", nil
}

// effect says what a line does; first is the first line of its kind, if there is
// one before it.
func (r *Resolver) effect(l ConfigLine, f Found, first ConfigLine, soft string) (bool, string) {
	switch l.Kind {
	case ConfigAlias:
		if l.Value == f.Module {
			return true, "leads here; alias lines are looked at before names of modules"
		}
		return true, "leads to " + l.Value + " as well: all alias lines that match count"
	case ConfigBlacklist:
		if f.Blacklisted {
			return true, "passes the module over, since it was asked for by an alias"
		}
		return false, "no effect on this way: a blacklist counts for the aliases of a module, not for its own name (but with modprobe -b) nor where another module needs it"
	case ConfigSoftdep:
		switch {
		case first.Kind != "":
			what := "no effect: only the first softdep line of a module counts, " + first.Where()
			if !r.ofTree(l) {
				what += r.joined(f.Module, first, l)
			}
			return false, what
		case soft == "":
			return true, "counts, but nothing it names is there"
		}
		what := "brings in what it names, before and after"
		if own := r.inPlaceOf(l, f.Module); own != "" {
			what += "; it " + own
		}
		return true, what
	case ConfigInstall:
		switch {
		case f.Builtin:
			return false, "no effect: the module is built in"
		case soft != "":
			return false, "no effect: install lines are ignored for a module with soft dependencies, " + soft
		case first.Kind != "":
			return false, "no effect: the first install line that matches counts, " + first.Where()
		}
		return true, "its command runs in place of loading the module"
	case ConfigRemove:
		if first.Kind != "" {
			return false, "no effect: the first remove line that matches counts, " + first.Where()
		}
		return true, "its command runs in place of removing the module"
	case ConfigWeakdep:
		const tools = "no effect on loading: it is for tools that make an initramfs"
		if first.Kind != "" {
			return false, tools + ", and these get only the first weakdep line of a module, " + first.Where() + r.joined(f.Module, first, l)
		}
		return false, tools + "; a softdep line would load what it names"
	}
	switch {
	case f.Builtin && l.File == cmdlineFile:
		return r.effectAtBoot(l, f)
	case f.Builtin:
		return false, "no effect: the parameters of a built-in module are set on the kernel's command line"
	}
	return true, "its parameters are added"
}

// SplitParams takes parameters apart at blanks outside double quotes, as the
// kernel does (lib/cmdline.c, next_arg, for which line ends and tabs are blanks).
func SplitParams(s string) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] == '"' {
			quoted = !quoted
		}
		if i == len(s) || !quoted && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
			if i > from {
				out = append(out, s[from:i])
			}
			from = i + 1
		}
	}
	return out
}

// overridden marks the parameters after which one of the same name comes.
func overridden(params []ParamFrom) {
	last := map[string]bool{}
	for i := len(params) - 1; i >= 0; i-- {
		name, _, _ := strings.Cut(params[i].Param, "=")
		name = kernel.Normalize(name)
		params[i].Overridden = last[name]
		last[name] = true
	}
}
