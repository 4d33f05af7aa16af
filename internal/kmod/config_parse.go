package kmod

import (
	"fmt"
	"strings"
	"unsafe"
)

// configKinds are the commands, by the numbers that stored lines have.
var configKinds = [...]ConfigKind{ConfigAlias, ConfigBlacklist, ConfigInstall, ConfigOptions, ConfigRemove, ConfigSoftdep, ConfigWeakdep}

// kindNumber is the place of a command in configKinds, -1 for what is none.
func kindNumber(cmd string) int {
	for i, k := range configKinds {
		if string(k) == cmd {
			return i
		}
	}
	return -1
}

// storedLine is an entry as it is kept: checked, and taken apart when it is asked
// for. Nearly all of a large configuration never is.
type storedLine struct {
	args string // what follows the command: a part of the file's text, unless the line goes on
	line uint32 // the first
	kind uint8  // in configKinds
}

// shortestEntry is how many bytes an entry takes in a file at least: alias a b.
const shortestEntry = len("alias a b\n")

// parse keeps the entries of the file's text, which is b from now on: nobody changes
// it. Lines that are no entries are counted, and passed over, as kmod does.
func (f *configFile) parse(b []byte) {
	f.text = unsafe.String(unsafe.SliceData(b), len(b)) // a copy would be as large as the file
	most := 0
	for rest := f.text; rest != "" && most < len(b)/shortestEntry+1; {
		var line string
		if line, rest, _ = strings.Cut(rest, "\n"); line != "" && line[0] != '#' {
			most++
		}
	}
	if most > 0 {
		f.lines = make([]storedLine, 0, most)
	}
	f.eachLine(func(cmd, args string, first, last int) {
		if whyNoEntry(cmd, args) != "" {
			f.bad++
			return
		}
		kind := kindNumber(cmd)
		f.lines = append(f.lines, storedLine{args, uint32(first), uint8(kind)})
		f.counts[kind]++
	})
}

// warnings says what of the file was passed over, and which softdep lines name no
// module.
func (f *configFile) warnings() (out []string) {
	if f.hidden != "" {
		return []string{f.path + ": not read: " + f.hidden}
	}
	for _, l := range f.badLines() {
		out = append(out, l.String())
	}
	for _, s := range f.lines {
		if configKinds[s.kind] != ConfigSoftdep {
			continue
		}
		if l := s.entry(f.path); len(l.Pre)+len(l.Post) == 0 {
			out = append(out, fmt.Sprintf("%s: softdep %s names no module: %q; write pre: or post:, with the colon, before the names", l.Where(), l.Name, clipText(l.Value)))
		}
	}
	return out
}

// eachLine calls fn for each line of the text that is neither empty nor a comment,
// with the numbers of its first and last physical line.
func (f *configFile) eachLine(fn func(cmd, args string, first, last int)) {
	for n, rest := 1, f.text; rest != ""; {
		line, more, physical := joinedLine(rest)
		first := n
		rest, n = more, n+physical
		if line == "" || line[0] == '#' {
			continue
		}
		if cmd, args := configWord(line); cmd != "" {
			fn(cmd, args, first, n-1)
		}
	}
}

// badLines are the lines of the file that are no entries.
func (f *configFile) badLines() (out []badLine) {
	if f.bad == 0 {
		return nil
	}
	f.eachLine(func(cmd, args string, first, last int) {
		if why := whyNoEntry(cmd, args); why != "" {
			out = append(out, badLine{f.path, first, last, cmd, why})
		}
	})
	return out
}

// joinedLine takes one line off b, with those it goes on in by a backslash at
// the end of the line. Before any other character a backslash vanishes, and a
// NUL ends what C programs see of it (libkmod, getline_wrapped). physical is
// how many lines that were. line may be a part of b.
func joinedLine(b string) (line, rest string, physical int) {
	line, rest, _ = strings.Cut(b, "\n")
	physical = 1
	if strings.IndexByte(line, '\\') >= 0 {
		line, rest, physical = unwrapped(b)
	}
	if i := strings.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	return line, rest, physical
}

// unwrapped is joinedLine for a line with a backslash in it.
func unwrapped(b string) (line, rest string, physical int) {
	var out []byte
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\n':
			return string(out), b[i+1:], physical + 1
		case '\\':
			i++
			if i >= len(b) {
				break
			}
			if b[i] == '\n' {
				physical++
				continue
			}
			out = append(out, b[i])
		default:
			out = append(out, c)
		}
	}
	return string(out), "", physical + 1
}

// configWord takes the first word off text. Words end at a space or tab; what
// follows that one character is the rest, further blanks included.
func configWord(text string) (word, rest string) {
	text = strings.TrimLeft(text, " \t")
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// nothingMore ends what is said of a line that ends behind its name.
const nothingMore = "without anything more"

// meant says which command a word that is none was meant to be, "" where it is
// like none of them.
func meant(word string) string {
	word = strings.ToLower(strings.TrimPrefix(word, "\ufeff"))
	if name, _, ok := strings.Cut(word, "="); ok {
		word = name
	}
	var commands []string
	for _, k := range configKinds {
		commands = append(commands, string(k))
	}
	if near := nearParam(word, commands); near != "" {
		return ": is " + near + " meant?"
	}
	return ""
}

// whyNoEntry says why a line is no entry, "" when it is a sound one.
func whyNoEntry(cmd, args string) string {
	kind := ConfigKind(cmd)
	switch {
	case kindNumber(cmd) >= 0:
	case cmd == "include" || cmd == "config":
		return fmt.Sprintf("%s is no longer a command of modprobe.d(5)", cmd)
	default:
		return fmt.Sprintf("%q is no command of modprobe.d(5)%s", clipText(cmd), meant(cmd))
	}
	name, rest := configWord(args)
	if name == "" {
		return cmd + " without a name"
	}
	if !paired(name) {
		return fmt.Sprintf("unmatched bracket in %q", clipText(name))
	}
	switch kind {
	case ConfigBlacklist:
		return ""
	case ConfigAlias:
		module, _ := configWord(rest)
		if module == "" {
			return fmt.Sprintf("alias %s without a module", clipText(name))
		}
		if !paired(module) {
			return fmt.Sprintf("unmatched bracket in %q", clipText(module))
		}
		return ""
	}
	if rest == "" {
		why := fmt.Sprintf("%s %s %s", cmd, clipText(name), nothingMore)
		if module, param, ok := strings.Cut(name, "."); ok && kind == ConfigOptions && strings.Contains(param, "=") {
			why += fmt.Sprintf(": the dot is for the kernel's command line; write options %s %s", clipText(module), clipText(param))
		}
		return why
	}
	return ""
}

// paired says whether the brackets of a name are in pairs (normalizeAlias).
func paired(name string) bool {
	if !strings.ContainsAny(name, "[]") {
		return true
	}
	_, ok := normalizeAlias(name)
	return ok
}

// entry takes a line apart that whyNoEntry found sound.
func (s storedLine) entry(file string) ConfigLine {
	name, rest := configWord(s.args)
	l := ConfigLine{Kind: configKinds[s.kind], File: file, Line: int(s.line)}
	l.Name, _ = normalizeAlias(name)
	switch l.Kind {
	case ConfigBlacklist:
		l.behind = rest
	case ConfigAlias:
		module, behind := configWord(rest)
		l.Value, _ = normalizeAlias(module)
		l.behind = behind
	case ConfigOptions:
		l.Value = strings.ReplaceAll(rest, "\t", " ")
	case ConfigSoftdep:
		l.Value = rest
		l.Pre, l.Post = parseSoftdep(rest)
	case ConfigWeakdep:
		l.Value = rest
		l.Weak = listWords(rest)
	default:
		l.Value = rest
	}
	return l
}

// parseSoftdep reads "pre: a b post: c". Words before the first of the two
// marks count for nothing (libkmod, kmod_config_add_softdep).
func parseSoftdep(s string) (pre, post []string) {
	var to *[]string
	for _, w := range listWords(s) {
		switch {
		case w == "pre:":
			to = &pre
		case w == "post:":
			to = &post
		case to != nil:
			*to = append(*to, w)
		}
	}
	return pre, post
}

// listWords splits the list of a softdep line as kmod 30 does, which has a
// quirk that decides what such a line means: with exactly one blank too many
// before the list, that blank stays part of the first word, so that " pre:" is
// not seen as the mark.
func listWords(s string) []string {
	var out []string
	from, blank := 0, false
	for i := range len(s) {
		if c := s[i]; c != ' ' && (c < '\t' || c > '\r') {
			blank = false
			continue
		}
		if blank {
			from = i + 1
			continue
		}
		blank = true
		if i > from {
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	if !blank && from < len(s) {
		out = append(out, s[from:])
	}
	return out
}
