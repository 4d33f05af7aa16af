package ops

import (
	"context"
	"fmt"
	"io"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/wording"
)

func lintVerb() *Verb {
	return &Verb{
		Name: "lint", Group: groupNames,
		Short:    "list the lines of the configuration that mislead",
		Usage:    "[--tree DIR] [--conf PATH]...",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(lintCommand) },
		Examples: []string{"lint", "lint --tree /lib/modules/6.1.0-56-amd64", "lint --tree /lib/modules/6.1.0-56-amd64 --conf ./modprobe.d"},
	}
}

type lintCommand struct {
	treeAndConf
}

func (c *lintCommand) Run(_ context.Context, s *Session) (Result, error) {
	if c.Conf != nil && c.Tree == "" {
		return nil, &UsageError{Verb: "lint", Msg: "--conf goes with --tree"}
	}
	r, done, err := s.resolverWith(c.Tree, c.Conf)
	if err != nil {
		return nil, err
	}
	defer done()
	findings, err := r.Lint()
	if err != nil {
		return nil, err
	}
	for _, f := range findings {
		s.warn(f.Where) // a damaged index, by its path: it is in the answer
	}
	res := &LintResult{Tree: r.Tree().Dir(), Findings: findings}
	if c.Tree == "" {
		res.Unseen = s.unseen()
		if _, ok := s.Target().(interface{ Unseen() []string }); ok && !r.Tree().HasContents() {
			res.Unseen = append(res.Unseen, "what is in the module files, of which a bundle has names and sizes: whether parameters are those of their modules is not known")
		}
	}
	if n := len(findings); n > 0 {
		return res, fmt.Errorf("lint: %s", wording.Count(n, "finding"))
	}
	return res, nil
}

// LintResult is what is to be said of a configuration.
type LintResult struct {
	Tree     string         `json:"tree"`
	Findings []kmod.Finding `json:"findings"`
	// Unseen is what the target does not show: parts of the configuration, the
	// content of module files.
	Unseen []string `json:"unseen,omitempty"`
}

// unseen says what of the configuration the target does not show.
func (s *Session) unseen() []string {
	if t, ok := s.Target().(interface{ Unseen() []string }); ok {
		return t.Unseen()
	}
	return nil
}

// WriteText writes a paragraph for each finding.
func (r *LintResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for _, f := range r.Findings {
		head := f.Where
		if f.Text != "" {
			head += ": " + f.Text
		}
		t.wrap("", 2, head)
		t.wrap("    ", 4, f.What)
	}
	for _, u := range r.Unseen {
		t.wrap("", 4, "not looked at: "+u)
	}
	if len(r.Findings)+len(r.Unseen) == 0 {
		t.wrap("", 0, "every line of the configuration has its effect with "+r.Tree)
	}
	return t.err
}
