package kmod

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Finding is something about a configuration that does not do what it seems to.
type Finding struct {
	Where string `json:"where"` // file:line, or a file
	Text  string `json:"text,omitempty"`
	What  string `json:"what"`
}

// maxFindings bounds how many findings there are before the rest is not looked at.
const maxFindings = 10_000

// Lint goes through the configuration of people (not what the tree itself
// brings) and tells of every line that has no effect in this tree, or another
// than it looks: files and lines that are not read, lines that an earlier one
// shadows, install lines of modules with soft dependencies, blacklists that
// block nothing, names that nothing has, parameters that the modules do not have
// or whose values the kernel refuses. Findings are in the order in which the
// configuration counts, those about whole files first: before all, indexes of
// the tree that are damaged, without which nothing can be said for certain.
func (r *Resolver) Lint() ([]Finding, error) {
	out := []Finding{}
	health := r.tree.Health()
	r, done := r.listening()
	defer done()
	out = append(out, r.lintIndexes(health)...)
	out = append(out, r.tree.differences()...)
	for _, w := range r.user.Warnings() {
		where, what, ok := strings.Cut(w, ": ")
		if !ok {
			where, what = "", w
		}
		out = append(out, Finding{Where: where, What: what})
	}
	out = append(out, r.user.unreadFindings()...)
	out = append(out, r.lintKernelBlacklist()...)
	first := map[string]string{} // kind and name to where it is
	options := optionsSeen{sets: map[string]*ParamSet{}, given: map[string]ParamFrom{}}
	for l := range r.user.Lines() {
		if len(out) >= maxFindings {
			out = append(out, Finding{Where: l.Where(), What: fmt.Sprintf("here are the first %d findings; what comes behind is not looked at", maxFindings)})
			break
		}
		what, err := r.lintLine(l, first)
		if err != nil && !errors.Is(err, kernel.ErrDamaged) { // that is told
			return nil, fmt.Errorf("%s: %w", l.Where(), err)
		}
		if what != "" {
			out = append(out, Finding{Where: l.Where(), Text: l.text(), What: what})
		} else if l.Kind == ConfigOptions {
			for _, what := range r.lintOptions(l, options) {
				out = append(out, Finding{Where: l.Where(), Text: l.text(), What: what})
			}
		}
		key := string(l.Kind) + " " + l.Name
		if first[key] == "" {
			first[key] = l.Where()
		}
	}
	return out, r.err
}

// lintLine says what is odd about a line, "" when nothing is.
func (r *Resolver) lintLine(l ConfigLine, first map[string]string) (string, error) {
	earlier := first[string(l.Kind)+" "+l.Name]
	switch l.Kind {
	case ConfigInstall, ConfigRemove, ConfigSoftdep, ConfigWeakdep:
		if by, ok := r.shadowed(l); ok {
			return fmt.Sprintf("no effect: only the first %s line that matches a name counts, %s", l.Kind, by.Where()) + r.joined(l.Name, by, l), nil
		}
	}
	switch l.Kind {
	case ConfigAlias:
		if what, err := r.lintAlias(l); err != nil || what != "" {
			return what, err
		}
		return wordsBehind(l), nil
	case ConfigBlacklist:
		return r.lintBlacklist(l, earlier)
	case ConfigInstall:
		return r.lintInstall(l)
	case ConfigSoftdep:
		return r.lintSoftdep(l)
	case ConfigWeakdep, ConfigRemove:
		return r.lintNames(l, l.Weak)
	}
	if strings.ContainsAny(l.Name, "*?[") || l.File == cmdlineFile {
		return "", nil // the command line has words for code that is no module, such as random.trust_cpu=
	}
	there, err := r.stands(l.Name)
	if err != nil || there {
		return "", err
	}
	return r.nobody(l), nil
}

func (r *Resolver) lintAlias(l ConfigLine) (string, error) {
	if !strings.ContainsAny(l.Name, "*?[") {
		if _, ok, err := r.tree.lookup(indexDep, l.Name); err != nil || ok && l.Value != l.Name {
			return fmt.Sprintf("hides the module %s: asked for by its own name, %s is loaded in its place", l.Name, l.Value), err
		}
	}
	_, file, err := r.tree.lookup(indexDep, l.Value)
	if err != nil || file {
		return "", err
	}
	builtin, err := r.builtin(l.Value)
	if err != nil || builtin || r.commanded(l.Value) {
		return "", err
	}
	return fmt.Sprintf("leads to %s, which is no module of this tree (aliases of aliases are not followed)", l.Value), nil
}

func (r *Resolver) lintBlacklist(l ConfigLine, earlier string) (string, error) {
	if what := wordsBehind(l); what != "" {
		return what, nil
	}
	if earlier != "" {
		return "says again what " + earlier + " says", nil
	}
	builtin, err := r.builtin(l.Name)
	if err != nil {
		return "", err
	}
	_, file, err := r.tree.lookup(indexDep, l.Name)
	switch {
	case err != nil:
		return "", err
	case builtin:
		return "no effect: the module is built in", nil
	case !file:
		return r.nobody(l), nil
	}
	users, err := r.Users(l.Name)
	if err != nil || len(users) == 0 {
		return "", err
	}
	return fmt.Sprintf("does not keep it out: %s needs it and loads it (%d modules do); an install line with /bin/false, or module_blacklist= on the kernel's command line, does", users[0], len(users)), nil
}

func (r *Resolver) lintSoftdep(l ConfigLine) (string, error) {
	if what, err := r.lintNames(l, slices.Concat(l.Pre, l.Post)); err != nil || what != "" {
		return what, err
	}
	return r.inPlaceOf(l, l.Name), nil
}

// keepsOutAnyway adds to an install line without effect what would keep the
// module out, where that was meant.
func keepsOutAnyway(l ConfigLine) string {
	if !refuses(l.Value) || strings.ContainsAny(l.Name, "*?[") {
		return ""
	}
	return "; module_blacklist=" + l.Name + " on the kernel's command line keeps it out"
}

// stands says whether a name stands for something.
func (r *Resolver) stands(name string) (bool, error) {
	_, err := r.Resolve(name)
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrInvalidName) {
		return false, nil
	}
	return err == nil, err
}

// commanded says whether an install line makes something of a name.
func (r *Resolver) commanded(name string) bool {
	for l := range r.each(ConfigInstall) {
		if globMatch(l.Name, name) {
			return true
		}
	}
	return false
}
