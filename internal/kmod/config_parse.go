package kmod

import (
	"bytes"
	"fmt"
	"strings"
)

// parseConfig reads the lines of a modprobe.d(5) file. bad says which lines
// are no entries; they are passed over, as kmod does.
func parseConfig(b []byte, file string) (lines []ConfigLine, bad []badLine) {
	for n := 1; len(b) > 0; {
		line, rest, physical := joinedLine(b)
		first := n
		b, n = rest, n+physical
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		cmd, args := configWord(string(line))
		if cmd == "" {
			continue
		}
		l, why := parseConfigLine(cmd, args)
		if why != "" {
			bad = append(bad, badLine{file, first, n - 1, cmd, why})
			continue
		}
		l.File, l.Line = file, first
		if lines == nil {
			// Most files are short: one allocation for all of such a file.
			lines = make([]ConfigLine, 0, 1+min(bytes.Count(b, newline), 32))
		}
		lines = append(lines, l)
	}
	return lines, bad
}

var newline = []byte{'\n'}

// joinedLine takes one line off b, with those it goes on in by a backslash at
// the end of the line. Before any other character a backslash vanishes, and a
// NUL ends what C programs see of it (libkmod, getline_wrapped). physical is
// how many lines that were. line may be a part of b.
func joinedLine(b []byte) (line, rest []byte, physical int) {
	line, rest, _ = bytes.Cut(b, newline)
	physical = 1
	if bytes.IndexByte(line, '\\') >= 0 {
		line, rest, physical = unwrapped(b)
	}
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	return line, rest, physical
}

// unwrapped is joinedLine for a line with a backslash in it.
func unwrapped(b []byte) (line, rest []byte, physical int) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\n':
			return line, b[i+1:], physical + 1
		case '\\':
			i++
			if i >= len(b) {
				break
			}
			if b[i] == '\n' {
				physical++
				continue
			}
			line = append(line, b[i])
		default:
			line = append(line, c)
		}
	}
	return line, nil, physical + 1
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
	if near := nearParam(word, []string{"alias", "blacklist", "install", "options", "remove", "softdep", "weakdep"}); near != "" {
		return ": is " + near + " meant?"
	}
	return ""
}

// parseConfigLine reads what follows a command; why is empty when it is sound.
func parseConfigLine(cmd, args string) (l ConfigLine, why string) {
	l.Kind = ConfigKind(cmd)
	switch l.Kind {
	case ConfigAlias, ConfigBlacklist, ConfigOptions, ConfigInstall, ConfigRemove, ConfigSoftdep, ConfigWeakdep:
	case "include", "config":
		return l, fmt.Sprintf("%s is no longer a command of modprobe.d(5)", cmd)
	default:
		return l, fmt.Sprintf("%q is no command of modprobe.d(5)%s", clipText(cmd), meant(cmd))
	}
	name, rest := configWord(args)
	if name == "" {
		return l, cmd + " without a name"
	}
	ok := false
	if l.Name, ok = normalizeAlias(name); !ok {
		return l, fmt.Sprintf("unmatched bracket in %q", clipText(name))
	}
	switch l.Kind {
	case ConfigBlacklist:
		l.behind = rest
		return l, ""
	case ConfigAlias:
		module, behind := configWord(rest)
		l.behind = behind
		if module == "" {
			return l, fmt.Sprintf("alias %s without a module", clipText(name))
		}
		if l.Value, ok = normalizeAlias(module); !ok {
			return l, fmt.Sprintf("unmatched bracket in %q", clipText(module))
		}
		return l, ""
	}
	if rest == "" {
		why := fmt.Sprintf("%s %s %s", cmd, clipText(name), nothingMore)
		if module, param, ok := strings.Cut(name, "."); ok && l.Kind == ConfigOptions && strings.Contains(param, "=") {
			why += fmt.Sprintf(": the dot is for the kernel's command line; write options %s %s", clipText(module), clipText(param))
		}
		return l, why
	}
	l.Value = rest
	switch l.Kind {
	case ConfigOptions:
		l.Value = strings.ReplaceAll(rest, "\t", " ")
	case ConfigSoftdep:
		l.Pre, l.Post = parseSoftdep(rest)
	case ConfigWeakdep:
		l.Weak = listWords(rest)
	}
	return l, ""
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
