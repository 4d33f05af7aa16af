package tui

import (
	"strings"
	"unicode"
)

// maxLine bounds a command line, in runes.
const maxLine = 4096

// editor is one line of text with a cursor, edited by the keys of readline.
type editor struct {
	text []rune
	pos  int
}

func (e *editor) String() string { return string(e.text) }

// set replaces the text and puts the cursor at its end.
func (e *editor) set(s string) {
	e.text = []rune(s)
	e.pos = len(e.text)
}

// bytePos is the cursor as a byte offset into String.
func (e *editor) bytePos() int { return len(string(e.text[:e.pos])) }

// insert puts typed or pasted text at the cursor; line breaks become blanks
// and other control characters are dropped.
func (e *editor) insert(runes []rune) {
	var in []rune
	for _, r := range runes {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			in = append(in, ' ')
		case !unicode.IsControl(r):
			in = append(in, r)
		}
	}
	if len(e.text)+len(in) > maxLine {
		return
	}
	e.text = append(e.text[:e.pos:e.pos], append(in, e.text[e.pos:]...)...)
	e.pos += len(in)
}

// key does an editing key by its Bubble Tea name; false when it is none.
func (e *editor) key(name string) bool {
	switch name {
	case "left", "ctrl+b":
		e.pos = max(0, e.pos-1)
	case "right", "ctrl+f":
		e.pos = min(len(e.text), e.pos+1)
	case "home", "ctrl+a":
		e.pos = 0
	case "end", "ctrl+e":
		e.pos = len(e.text)
	case "alt+b", "ctrl+left":
		e.pos = e.wordStart()
	case "alt+f", "ctrl+right":
		for e.pos < len(e.text) && e.text[e.pos] == ' ' {
			e.pos++
		}
		for e.pos < len(e.text) && e.text[e.pos] != ' ' {
			e.pos++
		}
	case "backspace", "ctrl+h":
		e.remove(max(0, e.pos-1), e.pos)
	case "delete", "ctrl+d":
		e.remove(e.pos, min(len(e.text), e.pos+1))
	case "ctrl+w", "alt+backspace":
		e.remove(e.wordStart(), e.pos)
	case "ctrl+u":
		e.remove(0, e.pos)
	case "ctrl+k":
		e.remove(e.pos, len(e.text))
	default:
		return false
	}
	return true
}

func (e *editor) wordStart() int {
	i := e.pos
	for i > 0 && e.text[i-1] == ' ' {
		i--
	}
	for i > 0 && e.text[i-1] != ' ' {
		i--
	}
	return i
}

func (e *editor) remove(from, to int) {
	e.text = append(e.text[:from:from], e.text[to:]...)
	e.pos = from
}

// view draws the line in w cells, the part around the cursor when it is
// longer.
func (e *editor) view(l *look, w int) string {
	if w < 2 {
		return ""
	}
	from := 0
	for from < e.pos && width(clean(string(e.text[from:e.pos]), l.ascii)) >= w-1 {
		from++
	}
	before := clean(string(e.text[from:e.pos]), l.ascii)
	at, after := " ", ""
	if e.pos < len(e.text) {
		at, after = clean(string(e.text[e.pos]), l.ascii), clean(string(e.text[e.pos+1:]), l.ascii)
	}
	var b strings.Builder
	b.WriteString(before)
	if l.colors {
		b.WriteString(l.caretInk.on(at) + after)
	} else {
		b.WriteString(l.caret + strings.TrimSuffix(at, " ") + after)
	}
	return cut(b.String(), w, "")
}
