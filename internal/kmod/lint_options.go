package kmod

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// optionsSeen is what lint has read of modules, and the parameters that earlier
// lines gave, by module or alias and name.
type optionsSeen struct {
	sets  map[string]*ParamSet
	given map[string]ParamFrom
}

// overridden says which parameters of a line take the place of others that an
// earlier line gave.
func (s optionsSeen) overridden(l ConfigLine, set ParamSet) (out []string) {
	for _, word := range SplitParams(l.Value) {
		name, _, _ := cutParam(word)
		name = kernel.Normalize(name)
		p, has := set.params[name]
		if !has {
			continue
		}
		key := l.Name + "." + name
		if old, ok := s.given[key]; ok && old.Param != word {
			what := "%s takes the place of %s, %s: the last one counts"
			if p.typ == "" {
				what = "%s comes after %s, %s: the last one counts, unless the module sets it in a way of its own"
			}
			out = append(out, fmt.Sprintf(what, word, old.Param, old.Where))
		}
		s.given[key] = ParamFrom{Param: word, Where: l.Where()}
	}
	return out
}

// lintOptions holds the parameters of an options line, or of a word of the
// kernel's command line, against those that the module has, as far as that can
// be read, and against earlier lines.
func (r *Resolver) lintOptions(l ConfigLine, seen optionsSeen) (out []string) {
	found, err := r.Resolve(l.Name)
	if err != nil {
		return nil // what is no module is told elsewhere
	}
	if strings.Count(l.Value, `"`)%2 != 0 {
		out = append(out, "a double quote is not closed: all behind it is one value")
	}
	for _, f := range found {
		if f.Builtin && l.File != cmdlineFile {
			out = append(out, "no effect: "+f.Module+" is built in, and its parameters are set on the kernel's command line ("+f.Module+".NAME=VALUE)")
			continue
		}
		if f.Module != l.Name && l.File != cmdlineFile {
			out = append(out, fmt.Sprintf("counts only where %s is asked for as %s, not by its own name nor where another module needs it: write options %s", f.Module, l.Name, f.Module))
		}
		set, known := seen.sets[f.Module]
		if !known {
			set = r.paramsOf(f)
			seen.sets[f.Module] = set
		}
		if set == nil {
			continue
		}
		out = append(out, seen.overridden(l, *set)...)
		for _, t := range r.checkOptions(l, *set, f.Builtin) {
			text := t.Param + ": " + t.Text
			if t.Errno != "" && !f.Builtin {
				text += "; the kernel refuses " + f.Module + " for it (" + t.Errno + ")"
			}
			if t.Mend != "" {
				text += "; " + t.Mend
			}
			out = append(out, text)
		}
	}
	return out
}

// checkOptions holds a line against a module's parameters. Of a built-in module
// the kernel takes them at boot: one that it does not have it passes over
// without a word, and goes on after a value that it cannot take (init/main.c,
// unknown_bootoption; kernel/params.c, parse_args).
func (r *Resolver) checkOptions(l ConfigLine, set ParamSet, builtin bool) []ParamTrouble {
	trouble, _ := set.Check(l.Value)
	if !builtin {
		return trouble
	}
	for i, t := range trouble {
		name, _, _ := cutParam(t.Param)
		if t.Errno == "" {
			trouble[i].Text = set.module + ", which is built in, has no parameter " + name + "; the kernel passes it over without a word"
		} else {
			trouble[i].Text += "; the kernel boots without it, and logs that it is invalid"
		}
	}
	return trouble
}

// paramsOf reads which parameters a module has; nil where that cannot be told.
func (r *Resolver) paramsOf(f Found) *ParamSet {
	if f.Builtin {
		info, err := r.BuiltinInfo(f.Module)
		if err != nil || len(info) == 0 {
			return nil // no modules.builtin.modinfo, or nothing of it there
		}
		set := paramSetOf(f.Module, info)
		return &set
	}
	if f.File == "" || !r.tree.HasContents() {
		return nil
	}
	file, err := r.tree.Open(f.File)
	if err != nil {
		return nil
	}
	defer file.Close()
	m, err := ReadModuleFile(file, f.File)
	if err != nil {
		return nil
	}
	set := m.Params()
	set.module = f.Module
	return &set
}

// effectAtBoot says what a word of the kernel's command line does to a built-in
// module.
func (r *Resolver) effectAtBoot(l ConfigLine, f Found) (counts bool, effect string) {
	counts, effect = true, "the kernel itself takes it at boot, since the module is built in"
	set := r.paramsOf(f)
	if set == nil {
		return counts, effect
	}
	for _, t := range r.checkOptions(l, *set, true) {
		counts, effect = false, "no effect: "+t.Param+": "+t.Text
		if t.Mend != "" {
			effect += "; " + t.Mend
		}
	}
	return counts, effect
}
