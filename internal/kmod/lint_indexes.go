package kmod

import (
	"fmt"
	"slices"
	"strings"
)

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
				out = append(out, Finding{Where: t.Path(text.file), What: strings.TrimPrefix(text.err.Error(), t.Path(text.file)+": ")})
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
