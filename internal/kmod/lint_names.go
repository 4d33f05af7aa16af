package kmod

import (
	"fmt"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// lintInstall says what is odd about an install line, "" when nothing is.
func (r *Resolver) lintInstall(l ConfigLine) (string, error) {
	soft, err := r.softLine(l.Name)
	if err != nil || soft != "" {
		return "no effect: install lines are ignored for a module with soft dependencies, " + soft + keepsOutAnyway(l), err
	}
	if builtin, err := r.builtin(l.Name); err != nil || builtin {
		return "no effect: the module is built in", err
	}
	if what := callsItself(l); what != "" {
		return what, nil
	}
	return r.lintNames(l, nil)
}

// callsItself says that an install command runs modprobe for its own module
// without what stops it from coming back to the command (modprobe(8),
// --ignore-install).
func callsItself(l ConfigLine) string {
	for _, command := range strings.FieldsFunc(l.Value, func(c rune) bool { return c == ';' || c == '&' || c == '|' }) {
		words := strings.Fields(command)
		if len(words) == 0 || path.Base(words[0]) != "modprobe" {
			continue
		}
		again := false
		for _, w := range words[1:] {
			if w == "-i" || w == "-r" || w == "--remove" || strings.HasPrefix(w, "--ignore") {
				again = false
				break
			}
			again = again || kernel.Normalize(w) == l.Name
		}
		if again {
			return "its command runs modprobe for " + l.Name + " itself, which runs the command again, without end: add --ignore-install"
		}
	}
	return ""
}

// lintNames looks for the module that a line is about, and for those that it names.
func (r *Resolver) lintNames(l ConfigLine, names []string) (string, error) {
	if !strings.ContainsAny(l.Name, "*?[") {
		there, err := r.standsWithout(l)
		if err != nil {
			return "", err
		}
		if !there {
			return r.nobody(l), nil
		}
	}
	for _, n := range names {
		if there, err := r.stands(n); err != nil || !there {
			return fmt.Sprintf("%s stands for nothing in this tree", clipText(n)), err
		}
	}
	return "", nil
}

// standsWithout says whether the name that a line is about is that of a module, or
// stands for one in another way than by lines of its kind.
func (r *Resolver) standsWithout(l ConfigLine) (bool, error) {
	for _, p := range places {
		if p.via == ViaInstall {
			continue
		}
		if found, err := p.find(r, l.Name); err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
	}
	return false, nil
}

// nobody says that no module is called what a line is about, and how the name is
// written where one was meant.
func (r *Resolver) nobody(l ConfigLine) string {
	text := fmt.Sprintf("no module or alias of this tree is called %s", clipText(l.Name))
	if l.Kind == ConfigBlacklist {
		text = fmt.Sprintf("no module of this tree is called %s", clipText(l.Name))
	}
	if strings.HasSuffix(l.Name, "\r") {
		return text + ": the line ends as on Windows, and the carriage return is a part of the name; save the file with line ends of Unix (dos2unix)"
	}
	name, _, _ := strings.Cut(strings.TrimRight(path.Base(l.Name), ",;:"), ".ko")
	if name = strings.Trim(kernel.Normalize(name), "\"'"); name != l.Name && kernel.CheckModuleName(name) == nil {
		_, file, err := r.tree.lookup(indexDep, name)
		builtin, berr := r.builtin(name)
		if err == nil && berr == nil && (file || builtin) {
			return text + ": write " + string(l.Kind) + " " + name
		}
	}
	if l.Kind == ConfigBlacklist {
		text += "; a blacklist takes neither aliases nor patterns"
	}
	return text
}

// wordsBehind says that words stand behind the end of a line, where nothing
// counts; a comment there does no harm.
func wordsBehind(l ConfigLine) string {
	words := strings.Fields(l.behind)
	if len(words) == 0 || words[0][0] == '#' {
		return ""
	}
	text := clipText(Few(words)) + " behind it counts for nothing"
	if l.Kind == ConfigBlacklist {
		text += ": a line blacklists one module"
	}
	return text
}

// lintKernelBlacklist looks at the names that the kernel itself is to refuse: it
// compares them with those of modules byte by byte.
func (r *Resolver) lintKernelBlacklist() (out []Finding) {
	for _, name := range r.user.kernelBlacklist {
		if name == "" {
			continue
		}
		f := Finding{Where: cmdlineFile, Text: "module_blacklist=" + clipText(name)}
		normal := kernel.Normalize(name)
		_, file, err := r.tree.lookup(indexDep, normal)
		builtin, berr := r.builtin(normal)
		switch {
		case err != nil || berr != nil:
			continue // damage is told
		case builtin:
			f.What = "no effect: the module is built in"
		case file && name != normal:
			f.What = "no effect: the kernel takes the dashes literally; write module_blacklist=" + normal
		case !file:
			f.What = fmt.Sprintf("no module of this tree is called %s", clipText(name))
		default:
			continue
		}
		out = append(out, f)
	}
	return out
}
