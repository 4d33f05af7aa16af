package kmod

import (
	"bytes"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// treeEntries are the entries a tree itself brings.
type treeEntries struct {
	files []configFile
	err   error
}

// treeConfig reads the entries a tree itself brings: modules.softdep, and
// modules.weakdep of depmod 33 and later. Such a file holds nothing else, but for
// the lines that depmod makes of an empty field of a module, which are passed
// over. So are lines that are damaged, or the whole file that cannot be read,
// where somebody listens; else they are an error.
func treeConfig(t *Tree) (e treeEntries) {
	for _, f := range []struct {
		name string
		kind ConfigKind
	}{{"modules.softdep", ConfigSoftdep}, {"modules.weakdep", ConfigWeakdep}} {
		file := configFile{base: f.name, path: t.name + "/" + f.name}
		b, err := t.readText(f.name)
		switch {
		case err != nil && t.onDamage != nil:
			t.onDamage(fmt.Errorf("%w; done without", err))
			continue
		case err != nil:
			return treeEntries{err: err}
		case b == nil:
			continue
		}
		for _, err := range file.readTree(b, f.kind) {
			if t.onDamage == nil {
				return treeEntries{err: err}
			}
			t.onDamage(fmt.Errorf("%w; this line is passed over", err))
		}
		e.files = append(e.files, file)
	}
	return e
}

// readTree reads a file that depmod made, of entries of one kind, and returns
// what of its lines is damaged.
func (f *configFile) readTree(b []byte, kind ConfigKind) (damage []error) {
	// Of a file that was cut off the last line has no end, and may lack names.
	whole := bytes.LastIndexByte(b, '\n') + 1
	f.parse(b[:whole])
	var nul map[int]bool // lines that look shorter than they are
	if bytes.IndexByte(b[:whole], 0) >= 0 {
		nul = map[int]bool{}
		n := 0
		for line := range bytes.Lines(b[:whole]) {
			if n++; bytes.IndexByte(line, 0) >= 0 {
				nul[n] = true
				damage = append(damage, fmt.Errorf("%s:%d: %w: a NUL in it; run depmod to make it anew", f.path, n, kernel.ErrDamaged))
			}
		}
	}
	for _, l := range f.badLines() {
		if strings.HasSuffix(l.Why, nothingMore) {
			f.said = append(f.said, l.libkmod())
			continue
		}
		damage = append(damage, fmt.Errorf("%s:%d: %w: %s; run depmod to make it anew", f.path, l.Line, kernel.ErrDamaged, l.Why))
	}
	lines := f.lines
	f.bad, f.lines, f.counts = 0, lines[:0], [len(configKinds)]int{} // the bad ones have been told
	for _, s := range lines {
		l := s.entry(f.path)
		switch {
		case nul[l.Line]: // has been told
		case l.Kind != kind:
			damage = append(damage, fmt.Errorf("%s: %w: a line starting with %s; run depmod to make it anew", l.Where(), kernel.ErrDamaged, l.Kind))
		case !plainText(l.Name) || !plainText(l.Value):
			damage = append(damage, fmt.Errorf("%s: %w: %q is no name or list; run depmod to make it anew", l.Where(), kernel.ErrDamaged, clipText(l.Name+" "+l.Value)))
		default:
			f.lines = append(f.lines, s)
			f.counts[s.kind]++
		}
	}
	if whole < len(b) {
		damage = append(damage, fmt.Errorf("%s:%d: %w at byte %d: the last line has no end, %q; run depmod to make it anew",
			f.path, bytes.Count(b, []byte{'\n'})+1, kernel.ErrDamaged, whole, clipText(string(b[whole:]))))
	}
	return damage
}

// plainText says that a text has no control characters but tabs.
func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
