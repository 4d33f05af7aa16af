package alias

import "strings"

// The kinds of fields.
const (
	kindText = "" // anything, as little as will do
	kindDec  = "dec"
	kindHex  = "hex"
	kindXhex = "xhex" // hexadecimal in lower case
)

// token is a piece of a format: literal text, or a field.
type token struct {
	literal     string
	field, kind string
}

// parseFormat takes a format apart. The formats are this package's own; a wrong
// one is found by a test.
func parseFormat(format string) []token {
	var tokens []token
	for format != "" {
		i := strings.IndexByte(format, '{')
		if i != 0 {
			if i < 0 {
				i = len(format)
			}
			tokens = append(tokens, token{literal: format[:i]})
			format = format[i:]
			continue
		}
		field, rest, _ := strings.Cut(format[1:], "}")
		name, kind, _ := strings.Cut(field, ":")
		tokens = append(tokens, token{field: name, kind: kind})
		format = rest
	}
	return tokens
}

// fold makes dashes and underscores one character, as kmod does.
func fold(c byte) byte {
	if c == '-' {
		return '_'
	}
	return c
}

// maxSteps bounds one match.
const maxSteps = 1 << 14

// match fits tokens to the whole of s and returns the text of the fields.
func match(tokens []token, s string) ([]string, bool) {
	m := matcher{tokens: tokens, s: s}
	if !m.from(0, 0) {
		return nil, false
	}
	return m.values, true
}

type matcher struct {
	tokens []token
	s      string
	values []string
	steps  int
}

// from fits the tokens from the i-th on to the text from at on.
func (m *matcher) from(i, at int) bool {
	if m.steps++; m.steps > maxSteps {
		return false
	}
	if i == len(m.tokens) {
		return at == len(m.s)
	}
	t := m.tokens[i]
	if t.field == "" {
		end := at + len(t.literal)
		if end > len(m.s) || !sameFolded(t.literal, m.s[at:end]) {
			return false
		}
		return m.from(i+1, end)
	}
	longest, inSet := at, false
	for longest < len(m.s) && (inKind(t.kind, m.s[longest]) || inSet) {
		switch m.s[longest] {
		case '[':
			inSet = true
		case ']':
			inSet = false
		}
		longest++
	}
	kept := len(m.values)
	try := func(end int) bool {
		m.values = append(m.values[:kept], m.s[at:end])
		return m.from(i+1, end)
	}
	if t.kind == kindText {
		for end := at; end <= longest; end++ {
			if try(end) {
				return true
			}
		}
		return false
	}
	for end := longest; end >= at; end-- {
		if try(end) {
			return true
		}
	}
	return false
}

func sameFolded(a, b string) bool {
	for i := range len(a) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

// inKind says whether a character can be part of a field: its digits, or what
// stands for them in a pattern.
func inKind(kind string, c byte) bool {
	switch kind {
	case kindText:
		return true
	case kindHex:
		if c >= 'A' && c <= 'F' {
			return true
		}
	case kindXhex:
		if c >= 'a' && c <= 'f' {
			return true
		}
	}
	return c >= '0' && c <= '9' || strings.IndexByte("*?[]", c) >= 0
}
