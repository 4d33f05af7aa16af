package tui

import (
	"slices"
	"strings"
)

// maxTree bounds the lines of a dependency tree, and maxDepth its depth: the
// users column comes from the target and may be made to branch without end.
const (
	maxTree  = 500
	maxDepth = 12
)

// depLine is one line of the tree.
type depLine struct {
	branch string // the lines to the left
	name   string // module, "" for a heading
	text   string // heading, or a remark behind the name
}

// depsPane shows what the selected module uses and who uses it.
type depsPane struct {
	w, h   int
	list   scroller
	module string
	needs  []string // what the module tree says the module depends on
	lines  []depLine
	ascii  bool
}

// Name is the pane's word.
func (p *depsPane) Name() string { return "Deps" }

// SetSize tells the room.
func (p *depsPane) SetSize(w, h int) {
	p.w, p.h = w, h
	p.list.set(len(p.lines), h)
}

// Show chooses the module, and goes to the top when it is another one.
func (p *depsPane) Show(module string) {
	if module != p.module {
		p.module = module
		p.list.cursor, p.list.off = 0, 0
	}
}

// Sync builds the tree from the users column of the module list, both ways.
func (p *depsPane) Sync(s *Snapshot) {
	g := &unicodeGlyphs
	if p.ascii {
		g = &asciiGlyphs
	}
	p.lines = nil
	if p.module != "" {
		t := treeBuilder{g: g, pane: p}
		uses := usesOf(s)
		t.section("uses", p.module, func(n string) []string { return uses[n] })
		t.missing(p.needs, uses[p.module])
		t.section("used by", p.module, func(n string) []string {
			if r, ok := s.Find(n); ok {
				return r.Users
			}
			return nil
		})
	}
	p.list.set(len(p.lines), p.h)
}

// usesOf turns the users columns round: module to what it uses, by name.
func usesOf(s *Snapshot) map[string][]string {
	uses := make(map[string][]string)
	for i := range s.Modules {
		for _, u := range s.Modules[i].Users {
			uses[u] = append(uses[u], s.Modules[i].Name)
		}
	}
	return uses
}

type treeBuilder struct {
	g    *glyphs
	pane *depsPane
	path []string
	seen map[string]bool
}

func (t *treeBuilder) section(title, module string, next func(string) []string) {
	children := next(module)
	if len(children) == 0 {
		t.pane.lines = append(t.pane.lines, depLine{text: title + " nothing"})
		if title == "used by" {
			t.pane.lines[len(t.pane.lines)-1].text = "used by no module"
		}
		return
	}
	t.pane.lines = append(t.pane.lines, depLine{text: title})
	t.path, t.seen = []string{module}, map[string]bool{module: true}
	t.grow("", children, next)
}

// missing lists what the module tree names and the kernel has not bound to the
// module: what a load that is under way still waits for, or what was built in.
func (t *treeBuilder) missing(needs, uses []string) {
	var names []string
	for _, n := range needs {
		if !slices.Contains(uses, n) {
			names = append(names, n)
		}
	}
	if len(names) > 0 {
		t.pane.lines = append(t.pane.lines, depLine{text: "needs too, by the module tree"})
		t.path, t.seen = nil, map[string]bool{}
		t.grow("", names, func(string) []string { return nil })
	}
}

// grow adds the children of a node. What was shown before is not opened again.
func (t *treeBuilder) grow(indent string, children []string, next func(string) []string) {
	children = slices.Sorted(slices.Values(children))
	for i, name := range children {
		if len(t.pane.lines) >= maxTree {
			return
		}
		branch, deeper := t.g.fork, t.g.through
		if i == len(children)-1 {
			branch, deeper = t.g.last, "   "
		}
		line := depLine{branch: indent + branch, name: name}
		grand := next(name)
		switch {
		case slices.Contains(t.path, name):
			line.text, grand = "(a loop)", nil
		case t.seen[name] && len(grand) > 0:
			line.text, grand = "(above)", nil
		case len(t.path) >= maxDepth && len(grand) > 0:
			line.text, grand = "(more)", nil
		}
		t.seen[name] = true
		t.pane.lines = append(t.pane.lines, line)
		t.path = append(t.path, name)
		t.grow(indent+deeper, grand, next)
		t.path = t.path[:len(t.path)-1]
	}
}

// Key moves.
func (p *depsPane) Key(a action) bool { return p.list.act(a) }

// Selected returns the module of the line under the cursor, "" on a heading.
func (p *depsPane) Selected() string {
	if p.list.cursor < len(p.lines) {
		return p.lines[p.list.cursor].name
	}
	return ""
}

// Title names the module.
func (p *depsPane) Title(s *Snapshot, l *look) (left, right string) {
	if p.module == "" {
		return "Deps", ""
	}
	if r, ok := s.Find(p.module); ok {
		right = l.state(r.State) + " " + clean(string(r.State), l.ascii)
	}
	return "Deps of " + clean(p.module, l.ascii), right
}

// ShortHelp has nothing besides the table.
func (p *depsPane) ShortHelp() []action { return nil }

// View draws the tree.
func (p *depsPane) View(s *Snapshot, l *look, focus bool) []string {
	var out []string
	from, to := p.list.span()
	for i := from; i < to; i++ {
		d := p.lines[i]
		cursor := focus && i == p.list.cursor
		ink := l.inks(cursor)
		mark := "  "
		if cursor {
			mark = l.cursor + " "
		}
		var b strings.Builder
		b.WriteString(ink[roleMark].on(mark))
		if d.name == "" {
			b.WriteString(ink[roleTitle].on(d.text))
		} else {
			b.WriteString(ink[roleRule].on(d.branch))
			glyph, as := l.absent, roleDim
			if r, ok := s.Find(d.name); ok {
				glyph, as = l.state(r.State), stateRole(r.State)
			}
			b.WriteString(ink[as].on(glyph+" ") + ink[roleText].on(clean(d.name, l.ascii)))
			if d.text != "" {
				b.WriteString(ink[roleDim].on(" " + d.text))
			}
		}
		line := b.String()
		if pad := p.w - width(line); cursor && pad > 0 {
			line += ink[roleText].on(strings.Repeat(" ", pad))
		}
		out = append(out, line)
	}
	return out
}
