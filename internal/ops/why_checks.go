package ops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/kmod/signing"
)

// checker returns what looks at module files as the target's kernel will, or,
// with a tree that is not the target's, as some kernel of that tree will.
func (s *Session) checker(ctx context.Context, r *kmod.Resolver, ofTarget bool) *refusal.Checker {
	c := &refusal.Checker{Resolver: r}
	if !ofTarget {
		if dir := r.Tree().Dir(); strings.ContainsAny(filepath.Base(dir), ".") {
			c.Release = filepath.Base(dir)
		}
		return c
	}
	t := s.Target()
	if d, ok := t.(kernel.Describer); ok {
		if sys, err := d.System(ctx); err == nil {
			c.System = sys
		}
	}
	if info, err := t.Info(ctx); err == nil {
		c.Release = info.Release
		if c.System.Machine == "" {
			c.System.Machine = info.Machine
		}
	}
	return c
}

// maxCertFile bounds the size in bytes of a file that is looked through for
// certificates: a kernel image with its debug symbols.
const maxCertFile = 2 << 30

// readCerts reads the certificates in files of this machine.
func readCerts(files []string) (*signing.Certificates, error) {
	certs := new(signing.Certificates)
	for _, file := range files {
		st, err := os.Stat(file)
		switch {
		case err != nil:
			return nil, fmt.Errorf("certificates: %w", err)
		case !st.Mode().IsRegular() || st.Size() > maxCertFile:
			return nil, fmt.Errorf("certificates: %s is no regular file of at the most %d bytes", file, int64(maxCertFile))
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		if err := certs.Add(data, file); err != nil {
			return nil, err
		}
	}
	return certs, nil
}

// checks looks at the files of all that would be loaded.
func (r *WhyResult) checks(c *refusal.Checker, params []string) {
	if !c.Resolver.Tree().HasContents() {
		return
	}
	for _, m := range r.Modules {
		seen := map[string]bool{} // a plan may have a module twice
		for _, step := range m.Plan {
			if step.File == "" || step.Command != "" || step.Builtin || seen[step.File] {
				continue
			}
			seen[step.File] = true
			p := step.Params
			if step.Module == m.Module {
				p = strings.TrimSpace(p + " " + kmod.JoinParams(params))
			}
			r.Checks = append(r.Checks, refusal.FileCheck{Module: m.Module, Of: step.Module, File: step.File, Findings: c.File(step.Module, step.File, p)})
		}
	}
}

// checkFile looks at a file outside the tree.
func checkFile(c *refusal.Checker, path string, params []string) refusal.FileCheck {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	name = kernel.Normalize(name)
	return refusal.FileCheck{Module: name, Of: name, File: path, Findings: c.File(name, abs, kmod.JoinParams(params))}
}

// checks writes what was found in the files of a module and of those it needs:
// everything of its own, of the others what is not in order.
func (t *text) checks(list []refusal.FileCheck, module string) {
	for _, c := range list {
		if module != "" && c.Module != module {
			continue
		}
		for _, f := range c.Findings {
			if c.Of != c.Module && (f.State == refusal.Fits || f.State == refusal.Unknown) {
				continue
			}
			mark := map[refusal.State]string{refusal.Fits: "ok", refusal.Refused: "REFUSED", refusal.Warned: "odd", refusal.Unknown: "not known"}[f.State]
			t.wrap("  ", 6, c.Of+": "+mark+", "+f.String())
		}
	}
}

// routes writes the ways on which a module can be loaded.
func (t *text) routes(routes []kmod.Route) {
	if len(routes) == 0 {
		return
	}
	t.line("  it can be loaded by")
	for _, r := range routes {
		word := "yes"
		if !r.Open {
			word = "NO"
		}
		s := r.By + ": " + word + ", " + r.Why
		if r.Where != "" {
			s += " (" + t.inTree(r.Where) + ")"
		}
		t.wrap("    ", 6, s)
	}
}

// treeTrouble writes what is wrong with a tree's indexes.
func (t *text) treeTrouble(h kmod.Health, hinted bool) {
	if h.Link != "" {
		t.wrap("  ", 4, "the tree "+h.Dir+" is a link to "+h.Link)
	}
	for _, i := range h.Trouble() {
		switch {
		case i.Error != "":
			t.wrap("  ! ", 4, i.Error)
		case !hinted:
			t.wrap("  ! ", 4, h.Dir+" has no "+i.Index+": "+i.Lost)
		}
	}
	if h.Blind != "" {
		t.wrap("  ! ", 4, h.Blind)
	}
}
