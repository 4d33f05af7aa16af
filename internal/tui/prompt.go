package tui

import (
	"strings"

	"example.org/kmodsh/internal/ops"
)

// promptKind says what the line at the foot is for.
type promptKind int

const (
	promptNone promptKind = iota
	promptCommand
	promptFilter
	promptFind
)

// maxHistory bounds the lines that Up recalls.
const maxHistory = 500

// prompt is the line at the foot: a command with history and completion, or a
// filter that works while it is typed.
type prompt struct {
	kind promptKind
	editor
	history []string
	recall  int    // place in history; len(history) is the draft
	draft   string // what was typed before Up

	candidates []ops.Candidate
	start      int // byte offset of the word that candidates replace
	pick       int // the candidate put in by Tab, -1 for none
	asking     bool
	note       string // why there is nothing to complete
}

func (p *prompt) open(kind promptKind, text string) {
	p.kind = kind
	p.set(text)
	p.recall, p.draft = len(p.history), ""
	p.forget()
}

func (p *prompt) close() {
	p.kind = promptNone
	p.set("")
	p.forget()
}

// forget drops the candidates, as typing goes on.
func (p *prompt) forget() { p.candidates, p.pick, p.asking, p.note = nil, -1, false, "" }

// remember adds a line to the history, once in a row.
func (p *prompt) remember(line string) bool {
	if n := len(p.history); line == "" || n > 0 && p.history[n-1] == line {
		return false
	}
	p.history = append(p.history, line)
	if len(p.history) > maxHistory {
		p.history = p.history[len(p.history)-maxHistory:]
	}
	return true
}

// walk goes d lines through the history.
func (p *prompt) walk(d int) {
	to := p.recall + d
	if to < 0 || to > len(p.history) {
		return
	}
	if p.recall == len(p.history) {
		p.draft = p.String()
	}
	p.recall = to
	if to == len(p.history) {
		p.set(p.draft)
	} else {
		p.set(p.history[to])
	}
	p.forget()
}

// offer takes the candidates for the word from byte start to the cursor: a
// single one is put in, of several what they have in common.
func (p *prompt) offer(start int, list []ops.Candidate) {
	p.forget()
	if start < 0 || start > p.bytePos() {
		return
	}
	switch len(list) {
	case 0:
		p.note = "nothing completes this"
		return
	case 1:
		p.start = start
		text := list[0].Text
		if !strings.HasSuffix(text, "=") && !strings.HasSuffix(text, "/") { // else the word goes on
			text += " "
		}
		p.put(text)
		return
	}
	common := list[0].Text
	for _, c := range list[1:] {
		for !strings.HasPrefix(c.Text, common) {
			common = common[:len(common)-1]
		}
	}
	common = strings.ToValidUTF8(common, "")
	p.start = start
	if word := p.String()[start:p.bytePos()]; len(common) > len(word) {
		p.put(common)
	}
	p.candidates, p.pick = list, -1
}

// cycle puts in the next candidate, or the one before.
func (p *prompt) cycle(d int) {
	n := len(p.candidates)
	switch {
	case p.pick < 0 && d < 0:
		p.pick = n - 1
	default:
		p.pick = (p.pick + d + n) % n
	}
	p.put(p.candidates[p.pick].Text)
}

// put replaces the word being completed.
func (p *prompt) put(text string) {
	s := p.String()
	head, rest := s[:p.start], s[p.bytePos():]
	p.set(head + text)
	pos := p.pos
	p.set(head + text + rest)
	p.pos = pos
}

// popup draws the candidates in at most h lines of w cells.
func (p *prompt) popup(l *look, w, h int) []string {
	n := len(p.candidates)
	if n == 0 || h < 1 {
		return nil
	}
	var s scroller
	s.cursor = max(0, p.pick)
	s.set(n, min(h, n))
	longest := 0
	for _, c := range p.candidates {
		longest = max(longest, min(width(c.Text), w/2))
	}
	var out []string
	from, to := s.span()
	for i := from; i < to; i++ {
		c := p.candidates[i]
		cursor := i == p.pick
		mark, ink := "  ", l.inks(cursor)
		if cursor {
			mark = l.cursor + " "
		}
		text := ink[roleMark].on(mark) + ink[roleText].on(fit(clean(c.Text, l.ascii), longest, l.tail))
		text += ink[roleDim].on("  " + fit(clean(c.Note, l.ascii), max(0, w-longest-4), l.tail))
		out = append(out, fit(text, w, l.tail))
	}
	return out
}
