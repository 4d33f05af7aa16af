package kmod

import "fmt"

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

// repeated says of a step that an earlier one has done what it is to do: soft
// dependencies put a module into modprobe's list more than once.
func repeated(plan []PlanStep) {
	at := map[string]int{}
	for i, s := range plan {
		if s.Line == "" || s.Builtin {
			continue
		}
		if first, ok := at[s.Module+" "+s.Line]; ok {
			plan[i].Because = fmt.Sprintf("once more; step %d has done it by then", first)
			continue
		}
		at[s.Module+" "+s.Line] = i + 1
	}
}
