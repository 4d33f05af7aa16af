package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
)

func whyVerb() *Verb {
	return &Verb{
		Name: "why", Group: groupNames,
		Short:    "say why a name loads what it loads or fails, line by line",
		Usage:    "[FLAG...] NAME|PATH [PARAM=VALUE...]",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(whyCommand) },
		Examples: []string{"why ext4", "why pci:v00008086d00001234sv0sd0bc0sc0i0", "why --tree /lib/modules/6.1.0-56-amd64 ksmbd", "why ./mine.ko", "why --cert MOK.der ./mine.ko"},
	}
}

type whyCommand struct {
	treeAndConf
	Cert   []string `help:"A file with certificates (DER, PEM, or an uncompressed kernel image): signatures by their keys are verified." placeholder:"FILE" sep:"none"`
	Name   string   `arg:"" name:"name" help:"Module name or alias, or the path of a module file on this machine."`
	Params []string `arg:"" optional:"" sep:"none" help:"Parameters that are to be passed, PARAM=VALUE: they are held against the types that the module has."`

	behind []string
}

// passOn takes what stands behind --.
func (c *whyCommand) passOn(words []string) { c.behind = words }

func (c *whyCommand) Run(ctx context.Context, s *Session) (Result, error) {
	path := kmod.IsPath(c.Name)
	if !path {
		if err := checkName(c.Name); err != nil {
			return nil, err
		}
	}
	params, err := passedOn(c.Params, c.behind)
	if err != nil {
		return nil, err
	}
	if c.Conf != nil && c.Tree == "" {
		return nil, &UsageError{Verb: "why", Msg: "--conf goes with --tree"}
	}
	r, done, err := s.resolverWith(c.Tree, c.Conf)
	if err != nil {
		return nil, err
	}
	defer done()
	check := s.checker(ctx, r, c.Tree == "")
	if len(c.Cert) > 0 {
		certs, err := readCerts(c.Cert)
		if err != nil {
			return nil, err
		}
		check.Verify = certs.Verify
	}
	if path {
		return &WhyResult{Why: kmod.Why{Name: c.Name, Looked: []kmod.Looked{}, Modules: []kmod.WhyModule{}, Tree: kmod.Health{Indexes: []kmod.IndexHealth{}}}, Checks: []refusal.FileCheck{checkFile(check, c.Name, params)}}, nil
	}
	w, err := r.Explain(c.Name)
	if w == nil {
		return nil, err
	}
	s.saysHealth(w.Tree)
	w.Give(params)
	res := &WhyResult{Why: *w, Checks: []refusal.FileCheck{}}
	if c.Tree == "" {
		res.Notes = append(res.Notes, s.unseen()...)
	}
	res.checks(check, params)
	if b, ok := s.Target().(interface{ Checks() []refusal.FileCheck }); ok && c.Tree == "" {
		res.Checks = append(res.Checks, b.Checks()...)
	}
	if c.Tree == "" {
		err = errors.Join(err, res.live(ctx, s, check))
	}
	return res, err
}

func (c *whyCommand) Complete(s *Session, args []string, word string) []Candidate {
	return s.completeModulesIn(args, word)
}

// resolverWith is resolverOf with configuration: that of conf, or this
// machine's with a tree on it.
func (s *Session) resolverWith(dir string, conf []string) (r *kmod.Resolver, done func(), err error) {
	if dir == "" {
		return s.resolverOf("")
	}
	t := kernel.Tree{Dir: dir, Config: conf}
	if conf == nil {
		t.Config, t.Cmdline = kmod.DefaultConfigPaths(), kernel.Cmdline()
	}
	r, err = s.openResolver(t)
	if err != nil {
		return nil, nil, err
	}
	return r, func() { r.Tree().Close() }, nil
}

// WhyResult explains a name.
type WhyResult struct {
	kmod.Why
	// Checks are what the kernel will find in the files, for each module that
	// would be loaded.
	Checks []refusal.FileCheck `json:"checks"`
	// Live is what the target's kernel shows of the modules.
	Live []WhyLive `json:"live,omitempty"`
	// Failed says why the last attempt failed, where one is known.
	Failed []string `json:"failed,omitempty"`
}

// places says in words where names are looked for.
var places = map[string]string{
	kmod.ViaConfig:       "alias lines of the configuration",
	kmod.ViaName:         "names of modules",
	kmod.ViaSymbol:       "symbols that modules export",
	kmod.ViaInstall:      "install and remove lines",
	kmod.ViaAlias:        "aliases inside modules",
	kmod.ViaBuiltin:      "built-in modules",
	kmod.ViaBuiltinAlias: "aliases inside built-in modules",
}

// WriteText writes the way from the name to the modules, then each of them.
func (r *WhyResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Looked) == 0 {
		t.checks(r.Checks, "")
		return t.err
	}
	t.root = r.Tree.Dir + "/"
	t.wrap("", 2, shorten(r.Name)+" is looked for in the tree "+r.Tree.Dir+", as")
	for _, l := range r.Looked {
		found := "no"
		if len(l.Found) > 0 {
			found = "yes: " + strings.Join(l.Found, ", ")
		}
		t.wrap("  ", 4, places[l.Place]+": "+found)
	}
	if len(r.Modules) == 0 {
		t.line("it stands for nothing")
	}
	for _, h := range r.Hints {
		t.wrap("  ! ", 4, h)
	}
	t.treeTrouble(r.Tree, len(r.Hints) > 0)
	for _, m := range r.Modules {
		t.whyModule(m, r.Tree.Depmod)
		t.checks(r.Checks, m.Module)
		t.live(r.Live, m.Module)
	}
	for _, f := range r.Failed {
		t.wrap("", 2, f)
	}
	if len(r.Notes) > 0 {
		t.line("the configuration's files:")
		for _, n := range r.Notes {
			t.wrap("  ", 4, n)
		}
	}
	return t.err
}

func (t *text) whyModule(m kmod.WhyModule, depmod string) {
	t.print("\n")
	t.wrap("", 2, modulesText([]kmod.Found{m.Found}))
	for lines := m.Lines; len(lines) > 0; {
		l, alike := lines[0], linesAlike(lines)
		mark := " "
		if !l.Counts {
			mark = "!"
		}
		t.wrap("  "+mark+" ", 6, t.inTree(l.Where+": "+l.Text))
		if alike > fewLines {
			t.wrap("  "+mark+" ", 6, t.inTree(fmt.Sprintf("and %d more such lines, up to %s: %s", alike-1, lines[alike-1].Where, lines[alike-1].Text)))
			lines = lines[alike-1:]
		}
		lines = lines[1:]
		t.wrap("      ", 6, t.inTree(l.Effect))
	}
	for _, p := range m.Params {
		s := "parameter " + p.Param + " from " + t.inTree(p.Where)
		if p.Overridden {
			s += ", overridden by a later one"
		}
		t.wrap("  ", 4, s)
	}
	if len(m.Ring) > 0 {
		t.wrap("  ! ", 4, "modules.dep goes round: "+ring(m.Ring)+": whichever is loaded first lacks the symbols of another; depmod writes no such file, so run it, and it says whether the modules themselves are so")
	}
	if len(m.Users) > 0 {
		t.wrap("  ", 4, "needed by "+kmod.FewNames(m.Users, 6)+": loading one of them loads it, whatever its blacklist says")
	}
	t.routes(m.Routes)
	if m.KeepOut != "" {
		t.wrap("  ", 4, "to keep it out: "+m.KeepOut)
	}
	if m.Stale {
		t.wrap("  ! ", 4, "its file is newer than modules.dep: run "+cmp.Or(depmod, "depmod")+", or what is said here may be of another file")
	}
	switch {
	case m.Blacklisted:
		t.wrap("  ", 4, "nothing is loaded: it is blacklisted")
	case m.Builtin:
		t.wrap("  ", 4, "nothing is loaded: it is built in")
	}
	for i, s := range m.Plan {
		if s.Line != "" && !s.Builtin {
			t.wrap(fmt.Sprintf("  %d ", i+1), 6, t.inTree(strings.TrimSpace(s.Line)))
			t.wrap("      ", 6, t.inTree(s.Because))
		}
	}
	if m.Fails != "" {
		t.wrap("  ", 4, "but: "+m.Fails)
	}
}

// ring says of modules that each needs the next; of a long ring it leaves out the
// middle.
func ring(modules []string) string {
	const most = 8
	if n := len(modules) - most; n > 0 {
		middle := fmt.Sprintf("... (%d more)", n)
		modules = slices.Concat(modules[:most/2], []string{middle}, modules[len(modules)-most/2:])
	}
	return strings.Join(modules, " needs ")
}

// fewLines is how many lines without effect, for one reason, are shown each.
const fewLines = 2

// linesAlike returns how many lines from the first on are of one kind and file
// and have no effect for the same reason.
func linesAlike(lines []kmod.LineEffect) int {
	of := func(l kmod.LineEffect) string {
		kind, _, _ := strings.Cut(l.Text, " ")
		return kind + " " + strings.TrimRight(l.Where, "0123456789") + " " + l.Effect
	}
	n := 1
	for n < len(lines) && !lines[0].Counts && !lines[n].Counts && of(lines[n]) == of(lines[0]) {
		n++
	}
	return n
}
