package kmod

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Route is one way on which a module can come into the kernel, and whether
// the configuration closes it.
type Route struct {
	By    string `json:"by"`              // such as "its own name"
	Open  bool   `json:"open"`            // a load on it inserts the module
	Where string `json:"where,omitempty"` // the line that decides, file:line
	Why   string `json:"why"`
}

// byFile is the way on which no configuration counts.
const byFile = "its file"

// routes lists the ways a module can be loaded. lines are what concerns it.
func (r *Resolver) routes(m WhyModule, aliases bool) []Route {
	if m.Builtin {
		return nil
	}
	command, where := r.commandInPlace(m)
	via := func(by, why string) Route {
		if command != "" {
			return Route{by, false, where, "its install line runs " + command + " in its place"}
		}
		return Route{By: by, Open: true, Why: why}
	}
	out := []Route{via("its own name", "modprobe "+m.Module+", or with the path of its file")}
	if m.BlacklistedBy != "" {
		out[0].Why += "; a blacklist counts there only with modprobe -b"
	}
	if aliases {
		alias := via("its aliases", "hardware, file systems, protocols; the kernel's own requests")
		if m.BlacklistedBy != "" {
			alias = Route{"its aliases", false, m.BlacklistedBy, "it is blacklisted"}
		}
		out = append(out, alias)
	}
	if len(m.Users) > 0 {
		out = append(out, via("a module that needs it", Few(m.Users)))
	}
	for l := range r.each(ConfigSoftdep) {
		if slices.Contains(slices.Concat(l.Pre, l.Post), m.Module) {
			by := via("a soft dependency of "+l.Name, "")
			by.Where = l.Where()
			if by.Open {
				by.Why = "softdep " + l.Name + " " + l.Value
			}
			out = append(out, by)
		}
	}
	out = append(out, Route{By: byFile, Open: true, Why: "insmod looks at no configuration"})
	return closedByKernel(out, m.Module, r.user.kernelBlacklist)
}

// closedByKernel closes all routes to a module that the kernel itself refuses
// (kernel/module/main.c, blacklisted: module_blacklist= of its command line, whose
// names are compared byte by byte, so that one with a dash is nobody's).
func closedByKernel(routes []Route, module string, refused []string) []Route {
	if !slices.ContainsFunc(refused, func(n string) bool { return n == module }) {
		return routes
	}
	for i := range routes {
		routes[i].Open, routes[i].Where, routes[i].Why = false, cmdlineFile, "module_blacklist="+module+": the kernel itself answers EPERM"
	}
	return routes
}

// commandInPlace returns the command that runs in place of loading a module,
// and its line; "" when none does.
func (r *Resolver) commandInPlace(m WhyModule) (command, where string) {
	for _, l := range m.Lines {
		if l.Counts && strings.HasPrefix(l.Text, string(ConfigInstall)+" ") {
			_, command, _ = strings.Cut(strings.TrimPrefix(l.Text, string(ConfigInstall)+" "), " ")
			return command, l.Where
		}
	}
	return "", ""
}

// keepOut says what keeps a module out for certain, where the configuration has
// lines that are to do so and a way is open to modprobe all the same; "" else.
// soft is the line that gives it soft dependencies.
func keepOut(m WhyModule, soft string) string {
	open := slices.ContainsFunc(m.Routes, func(r Route) bool { return r.Open && r.By != byFile })
	meant := slices.ContainsFunc(m.Lines, func(l LineEffect) bool {
		kind, rest, _ := strings.Cut(l.Text, " ")
		_, command, _ := strings.Cut(rest, " ")
		return kind == string(ConfigBlacklist) || kind == string(ConfigInstall) && refuses(command)
	})
	if !open || !meant {
		return ""
	}
	const boot = "module_blacklist=%s on the kernel's command line closes every way"
	if soft != "" {
		return fmt.Sprintf(boot+"; for modprobe only, an install line with /bin/false counts again after a line \"softdep %s pre:\", which names nothing, in a file whose name sorts before %s", m.Module, m.Module, path.Base(strings.TrimRight(soft, ":0123456789")))
	}
	return fmt.Sprintf("\"install %s /bin/false\" in modprobe.d keeps modprobe from it, also where another module needs it, which then fails; "+boot, m.Module, m.Module)
}

// refuses says whether an install command is one that people write to keep a
// module out.
func refuses(command string) bool {
	words := strings.Fields(command)
	if len(words) == 0 {
		return false
	}
	switch path.Base(words[0]) {
	case "false", "true", ":":
		return true
	}
	return false
}

// FewNames names the first of a list, at the most so many, and says how many
// more there are.
func FewNames(list []string, most int) string {
	s := strings.Join(list[:min(most, len(list))], ", ")
	if n := len(list) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// Few is FewNames for a sentence.
func Few(list []string) string { return FewNames(list, 4) }

// hasAliases says whether a module has aliases in the tree.
func (r *Resolver) hasAliases(module string) bool {
	found := false
	err := r.tree.walk(indexAlias, "", func(_, value string) bool {
		found = value == module
		return !found
	})
	return err == nil && found
}

// strayed looks for the file of a module that the indexes do not know of:
// one that came after depmod ran. It gives its path in the tree, "" when there
// is none.
func (r *Resolver) strayed(name string) string {
	name = kernel.Normalize(name)
	for _, top := range [...]string{"kernel", "updates", "extra", "weak-updates", "."} {
		if file := r.tree.seek(top, name, 8); file != "" {
			return file
		}
	}
	return ""
}

// seek looks for a module's file below a directory of the tree.
func (t *Tree) seek(dir, module string, depth int) string {
	entries, err := t.readDir(dir)
	if err != nil {
		return ""
	}
	var dirs []string
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		if e.IsDir() {
			if e.Name() != "build" && e.Name() != "source" {
				dirs = append(dirs, file)
			}
			continue
		}
		if name, ok := moduleFileName(e.Name()); ok && name == module {
			return file
		}
	}
	if depth == 0 || dir == "." {
		return ""
	}
	for _, d := range dirs {
		if file := t.seek(d, module, depth-1); file != "" {
			return file
		}
	}
	return ""
}
