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
	// Ring is modules of which each needs the next by modules.dep, the last the first
	// one's name again; nil: there is none in what it needs.
	Ring []string `json:"ring,omitempty"`
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
		return []string{fmt.Sprintf("%s is no module tree, but has such in it: %s", h.Dir, Few(below))}
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
		out = append(out, fmt.Sprintf("%s is there, and modules.dep does not know it: run %s", r.tree.Path(file), r.tree.Depmod()))
	}
	if r.tree.OnDisk() && !r.tree.there("kernel") && !r.tree.there("modules.builtin") && !r.tree.there("modules.order") {
		out = append(out, h.Dir+" has nothing of what comes with a kernel, no directory kernel and no modules.builtin: install the kernel's package again, or boot another kernel")
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
	m.Ring = r.ring(f.Module)
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
	repeated(m.Plan)
	return m, nil
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

// Given is where parameters come from that were passed with the name.
const Given = "the command"

// Give adds parameters that are passed with the name, which come last.
func (w *Why) Give(params []string) {
	for i := range w.Modules {
		m := &w.Modules[i]
		if m.Builtin || m.Blacklisted {
			continue
		}
		for _, p := range params {
			m.Params = append(m.Params, ParamFrom{Param: p, Where: Given})
		}
		overridden(m.Params)
	}
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
