package kmod

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// whichLines says what lines of depmod.d do for one module.
type whichLines struct {
	cfg    *depmodConfig
	dir    string // the tree
	name   string // of the module
	mods   []*depmodModule
	before map[string]string // where a word of the search order came first
}

// depmodLine is a line of depmod.d and where it stands.
type depmodLine struct {
	where string
	words []string // never none
}

// effects goes through the files of paths and returns the lines that are about the
// module: those that choose or leave out a file, and those that look so and do
// nothing. mods are its files, also those that an exclude line leaves out.
func (c *depmodConfig) effects(dir, name string, mods []*depmodModule, paths []string) (out []LineEffect) {
	quiet := *c
	quiet.warn = func(string) {} // all has been said
	read := quiet.files(paths)
	byName := map[string]string{}
	w := whichLines{cfg: &quiet, dir: dir, name: name, mods: mods, before: map[string]string{}}
	for _, file := range read {
		byName[path.Base(file)] = file
		for _, l := range quiet.lines(file) {
			for _, e := range w.line(l) {
				if !e.Counts || l.words[0] != "search" { // which is told where the order decides
					out = append(out, e)
				}
			}
		}
	}
	for _, from := range paths {
		for _, file := range quiet.files([]string{from}) {
			by := byName[path.Base(file)]
			if by == file || sameFile(&quiet, by, file) {
				continue
			}
			hidden := whichLines{cfg: &quiet, dir: dir, name: name, mods: mods, before: map[string]string{}}
			for _, l := range quiet.lines(file) {
				if e := hidden.line(l); len(e) > 0 {
					e[0].Counts, e[0].Effect = false, "no effect: the file is not read, shadowed by "+by
					out = append(out, e[0])
				}
			}
		}
	}
	return out
}

// sameFile says that two names are of one file: /lib is a link to /usr/lib nearly
// everywhere.
func sameFile(c *depmodConfig, a, b string) bool {
	first, err := c.stat(a)
	if err != nil {
		return false
	}
	second, err := c.stat(b)
	return err == nil && c.fsys == nil && os.SameFile(first, second)
}

// lines returns the lines of a file.
func (c *depmodConfig) lines(file string) (out []depmodLine) {
	f, err := c.open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	_ = eachDepmodLine(f, func(words []string, n int) { // what comes before an error counts, and the error has been told
		out = append(out, depmodLine{fmt.Sprintf("%s:%d", file, n), words})
	})
	return out
}

// line says what a line does for the module; nothing where it is about others.
func (w *whichLines) line(l depmodLine) (out []LineEffect) {
	say := func(counts bool, effect string) {
		if !counts {
			effect = "no effect: " + effect
		}
		out = append(out, LineEffect{Where: l.where, Text: strings.Join(l.words, " "), Counts: counts, Effect: effect})
	}
	args := l.words[1:]
	switch {
	case l.words[0] == "override" && len(args) >= 3 && kernel.Normalize(args[0]) == w.name:
		say(w.override(l.where, args))
	case l.words[0] == "search":
		for _, word := range args {
			w.search(l.where, word, say)
		}
	case l.words[0] == "external" && len(args) >= 2:
		w.external(args, say)
	case l.words[0] == "exclude":
		for _, word := range args {
			w.exclude(word, say)
		}
	}
	return out
}

// override says what an override line of this module does.
func (w *whichLines) override(where string, args []string) (counts bool, effect string) {
	stem := args[2] + "/" + args[0]
	if !w.cfg.matches(args[1]) {
		return false, w.unfit(args[1])
	}
	at := slices.IndexFunc(w.mods, func(m *depmodModule) bool { return w.cfg.overridden(m, stem) })
	if at < 0 {
		effect = "there is no file " + stem + ".ko in the tree"
		for _, m := range w.mods {
			base := strings.TrimSuffix(path.Base(m.rel), path.Ext(m.rel))
			base, _, _ = strings.Cut(base, ".")
			if path.Dir(m.rel) == args[2] && base != args[0] {
				effect += "; the name counts as it is written: " + base
			}
		}
		return false, effect
	}
	for i, o := range w.cfg.overrides {
		if slices.ContainsFunc(w.mods, func(m *depmodModule) bool { return w.cfg.overridden(m, o) }) && w.cfg.overrideAt[i] != where {
			return false, "of such lines the last one counts, " + w.cfg.overrideAt[i]
		} else if w.cfg.overrideAt[i] == where {
			break
		}
	}
	return true, "chooses " + w.mods[at].rel
}

func (w *whichLines) unfit(pattern string) string {
	return fmt.Sprintf("its pattern %s does not fit the release %s", pattern, w.cfg.release)
}

// stands says that a word of the search order stands for a file of the module.
func (w *whichLines) stands(word string) bool {
	return slices.ContainsFunc(w.mods, func(m *depmodModule) bool {
		return w.cfg.standsFor(word, m) || word == searchBuiltin && !m.ext
	})
}

// search says what a word of a search line does.
func (w *whichLines) search(where, word string, say func(bool, string)) {
	plain := strings.Trim(strings.TrimPrefix(word, w.dir+"/"), "/")
	switch at, again := w.before[word]; {
	case plain != word && w.stands(plain):
		say(false, fmt.Sprintf("directories are named as they are below the tree: write %s for %s", plain, word))
	case !w.stands(word):
	case again:
		say(false, fmt.Sprintf("%s is in the search order before, at %s", word, at))
	default:
		say(true, word+" has its place in the search order")
	}
	if w.before[word] == "" {
		w.before[word] = where
	}
}

// external says what an external line does.
func (w *whichLines) external(args []string, say func(bool, string)) {
	for i, dir := range args[1:] {
		held := w.held(dir)
		switch {
		case i > 0 && held != "":
			say(false, fmt.Sprintf("of several directories in a line the first alone counts, so %s is not seen", held))
		case i > 0:
		case !w.cfg.matches(args[0]) && held != "":
			say(false, w.unfit(args[0])+", so "+held+" is not seen")
		case !w.cfg.matches(args[0]):
		case w.cfg.fsys == nil && !isDir(dir):
			say(false, "there is no directory "+dir)
		case held != "":
			say(true, "brings in "+held)
		}
	}
}

func isDir(dir string) bool {
	st, err := os.Stat(inWorkDir(dir))
	return err == nil && st.IsDir()
}

// held returns the module's file in a directory, "" for none; of another machine's
// nothing is known.
func (w *whichLines) held(dir string) (file string) {
	if w.cfg.fsys != nil || !isDir(dir) {
		return ""
	}
	s := depmodSearch{cfg: w.cfg, dir: w.dir, warn: w.cfg.warn, each: func(m *depmodModule) {
		if m.name == w.name && file == "" {
			file = m.rel
		}
	}}
	if err := s.walk(inWorkDir(dir), inWorkDir(dir), true, false, nil); err != nil {
		return ""
	}
	return file
}

// exclude says what a word of an exclude line does.
func (w *whichLines) exclude(word string, say func(bool, string)) {
	hits := func(m *depmodModule) bool { return excludes(word, m) }
	at := slices.IndexFunc(w.mods, hits)
	switch {
	case at >= 0:
		say(true, "leaves out "+w.mods[at].rel)
	case len(w.mods) > 0 && (kernel.Normalize(word) == w.name || moduleNameOf(word) == w.name):
		say(false, "names of files and directories count whole: "+path.Base(w.mods[0].rel))
	}
}

// excludes says that a word of an exclude line leaves out a module's file.
func excludes(word string, m *depmodModule) bool {
	return slices.Contains(strings.Split(m.rel, "/"), word)
}

// withExcluded returns all files of a module, also those that exclude lines leave out.
func (r *Resolver) withExcluded(cfg *depmodConfig, name string, mods []*depmodModule) ([]*depmodModule, error) {
	if len(cfg.excludes) == 0 {
		return mods, nil
	}
	all := *cfg
	all.excludes = nil
	all.warn = func(string) {}
	var out []*depmodModule
	s := depmodSearch{cfg: &all, dir: r.tree.Dir(), warn: all.warn, each: func(m *depmodModule) {
		if m.name == name {
			out = append(out, m)
		}
	}}
	return out, s.allOf(r.tree)
}
