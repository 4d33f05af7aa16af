package kmod

import (
	"fmt"
	"slices"
	"strings"
)

// lintIndexes tells what is wrong with the indexes, and with the files that
// modules.dep names.
func (r *Resolver) lintIndexes(h Health) (out []Finding) {
	for _, i := range h.Trouble() {
		switch {
		case i.Error != "":
			out = append(out, r.tree.damage(i.File, i.Error))
		case i.Index == string(indexDep):
			out = append(out, Finding{Where: r.tree.Dir(), What: "has no " + i.Index + ": " + i.Lost + "; run " + r.tree.Depmod()})
		}
	}
	// A tree of texts alone is one that somebody made by hand.
	if h.Blind != "" && slices.ContainsFunc(h.Indexes, func(i IndexHealth) bool { return strings.HasSuffix(i.File, ".bin") }) {
		out = append(out, Finding{Where: r.tree.Dir(), What: h.Blind})
	}
	return append(out, r.tree.strayFiles()...)
}

// damage is the finding about an error that begins with the file, or with the file
// and a line.
func (t *Tree) damage(file, text string) Finding {
	f := Finding{Where: t.Path(file), What: strings.TrimPrefix(text, t.Path(file)+": ")}
	if rest, ok := strings.CutPrefix(text, t.Path(file)+":"); ok && f.What == text {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			f.Where, f.What = f.Where+":"+line, what
		}
	}
	return f
}

// strayFiles holds modules.dep against the files that it names, where these can be
// looked at: one that is not there, and one that was changed since. Both come of
// modules that were moved without depmod.
func (t *Tree) strayFiles() (out []Finding) {
	if !t.OnDisk() {
		return nil
	}
	var gone, newer []string
	err := t.walk(indexDep, "", func(_, line string) bool {
		file, _ := t.depLine(line)
		switch {
		case strings.HasPrefix(file, "/") && !t.host: // outside, where only kmod's view of a machine looks
		case !t.hasFile(file):
			gone = append(gone, file)
		case t.Newer(file) > 0:
			newer = append(newer, file)
		}
		return true
	})
	if err != nil {
		return nil // has been told
	}
	for _, c := range [...]struct {
		files []string
		what  string
	}{{gone, "names %s, which is not there"}, {newer, "is older than %s"}} {
		if len(c.files) > 0 {
			slices.Sort(c.files)
			out = append(out, Finding{Where: t.Path("modules.dep"), What: fmt.Sprintf(c.what, Few(c.files)) + "; run " + t.Depmod()})
		}
	}
	return out
}

// differences holds each binary index against the text beside it, of which depmod
// makes both. A binary index has no checksum: a name in it that has become another
// name looks sound to every reader, and is found here alone.
func (t *Tree) differences() (out []Finding) {
	for _, kind := range [...]indexKind{indexDep, indexAlias, indexSymbol, indexBuiltin, indexBuiltinAlias} {
		bin, err := t.index(kind)
		if err != nil || bin.reader == nil || bin.text {
			continue
		}
		text := t.openText(kind)
		if text.reader == nil {
			if text.err != nil {
				out = append(out, t.damage(text.file, text.err.Error()))
			}
			continue
		}
		one, err := entriesOf(bin.reader)
		if err != nil {
			continue // Health has told it
		}
		two, err := entriesOf(text.reader)
		if err != nil || slices.Equal(one, two) {
			continue
		}
		out = append(out, Finding{Where: t.Path(bin.file), What: fmt.Sprintf("is not what depmod makes of %s beside it: %s; one of them is damaged, or of another run of depmod: run it again", text.file, firstDifference(one, two, text.file))})
	}
	return out
}

// entriesOf returns all keys of an index with their values, sorted.
func entriesOf(b *binIndex) (out []string, err error) {
	err = b.walk("", func(key, value string) bool {
		out = append(out, key+" "+value)
		return true
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// firstDifference says in what two sorted lists differ first.
func firstDifference(bin, text []string, file string) string {
	i := 0
	for i < min(len(bin), len(text)) && bin[i] == text[i] {
		i++
	}
	if i < len(bin) && (i == len(text) || bin[i] < text[i]) {
		return fmt.Sprintf("%q is in it and not in %s", clipText(bin[i]), file)
	}
	return fmt.Sprintf("%q of %s is not in it", clipText(text[i]), file)
}
