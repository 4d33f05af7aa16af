package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/kmodsh/internal/wording"
)

// Bounds of a scenario.
const (
	maxText  = 256 << 10 // bytes
	maxLine  = 4096      // bytes
	maxLines = 5000
)

// Parse reads a scenario. The error is a *SyntaxError.
func Parse(name, text string) (*Scenario, error) {
	p := &parser{s: &Scenario{Name: name, Targets: []string{}, Lines: []Line{}}, header: true, seen: map[string]int{}}
	if len(text) > maxText || !utf8.ValidString(text) {
		return nil, p.wrong(0, fmt.Sprintf("longer than %d bytes, or not UTF-8", maxText))
	}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		p.last = n
		if n > maxLines || len(line) > maxLine {
			return nil, p.wrong(n, fmt.Sprintf("more than %d lines, or a line longer than %d bytes", maxLines, maxLine))
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' || r == 0x7f }) {
			return nil, p.wrong(n, "a control character")
		}
		if err := p.line(n, strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	return p.s, p.whole()
}

type parser struct {
	s      *Scenario
	header bool           // still in the header
	key    string         // the header's line that is continued
	seen   map[string]int // lines of the header, by key
	last   int            // the last line that was read
}

// The keys of the header. Those that may come only once are told when they come
// again: the second would else be taken for the rest of the first.
var (
	headerKeys = []string{"title", "shows", "source", "targets", "promise", "report", minutesKey}
	manyKeys   = []string{"targets", "promise", "report"}
)

// minutesKey is that of a lesson, which parseLesson reads.
const minutesKey = "minutes"

func (p *parser) wrong(line int, msg string) error {
	return &SyntaxError{Name: p.s.Name, Line: line, Msg: msg}
}

func (p *parser) line(n int, line string) error {
	switch {
	case line == "":
		p.header = p.header && p.s.Title == ""
		p.key = ""
		return nil
	case line[0] == '#':
		text, isLine := lessonLine(line)
		switch {
		case isLine:
			line = text
		case p.header:
			return p.headerLine(n, line)
		default:
			return p.lateHeader(n, line)
		}
	}
	p.header = false
	l := Line{N: n}
	if rest, ok := strings.CutPrefix(line, "["); ok {
		targets, text, ok := strings.Cut(rest, "]")
		l.Only = strings.Fields(targets)
		if !ok || len(l.Only) == 0 {
			return p.wrong(n, "[ begins a list of targets, which ] must end: [sim:v4.9 sim:v4.14] expect ...")
		}
		for _, t := range l.Only {
			if _, err := path.Match(t, ""); err != nil {
				return p.wrong(n, fmt.Sprintf("%q is no pattern of targets", t))
			}
		}
		line = strings.TrimSpace(text)
	}
	if rest, ok := strings.CutPrefix(line, "!"); ok {
		l.Fails, line = true, strings.TrimSpace(rest)
	}
	l.Text = line
	if line == "" || line[0] == '#' || line[0] == '[' || line[0] == '!' {
		return p.wrong(n, "a verb is missing")
	}
	word, name, _ := strings.Cut(line, " ")
	switch {
	case word == "case":
		return p.newCase(l, strings.TrimSpace(name))
	case word == skipWord && (strings.TrimSpace(name) == "" || strings.Contains(name, "#") || l.Fails):
		return p.wrong(n, "skip needs a reason, without #: [vm:*] skip there is no such thing")
	}
	if k := len(p.s.Cases); k > 0 {
		p.s.Cases[k-1].Lines = append(p.s.Cases[k-1].Lines, l)
	} else {
		p.s.Lines = append(p.s.Lines, l)
	}
	return nil
}

func (p *parser) newCase(l Line, name string) error {
	switch {
	case name == "" || strings.Contains(name, "#"):
		return p.wrong(l.N, "case needs a name, without #: case the window is held open")
	case l.Fails:
		return p.wrong(l.N, "a case cannot be expected to fail: put ! before the line that does")
	case slices.ContainsFunc(p.s.Cases, func(c Case) bool { return c.Name == name }):
		return p.wrong(l.N, fmt.Sprintf("there is a case %q already", name))
	}
	p.s.Cases = append(p.s.Cases, Case{N: l.N, Name: name, Only: l.Only, Lines: []Line{}})
	return nil
}

// headerLine reads "# key: value", or the rest of the line before.
func (p *parser) headerLine(n int, line string) error {
	text := strings.TrimSpace(strings.TrimLeft(line, "#"))
	key, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch {
	case p.key != "" && strings.HasPrefix(line, "#  "):
		return p.field(n, p.key, text)
	case ok && slices.Contains(headerKeys, key):
		if was := p.seen[key]; was > 0 && !slices.Contains(manyKeys, key) {
			return p.wrong(n, fmt.Sprintf("there is a %s already, at line %d; to go on with that one begin the line with # and two blanks", key, was))
		}
		if value == "" {
			return p.wrong(n, key+" has nothing behind it")
		}
		p.seen[key] = n
		p.key = key
		return p.field(n, key, value)
	}
	p.key = ""
	if meant := wording.Meant(key, headerKeys); ok && meant != "" {
		return p.wrong(n, fmt.Sprintf("the header knows no %q: did you mean %s?", key, meant))
	}
	return nil
}

// lateHeader looks whether a comment was to be a line of the header, which has
// ended.
func (p *parser) lateHeader(n int, line string) error {
	key, value, ok := strings.Cut(strings.TrimPrefix(line, "# "), ":")
	if ok && value != "" && slices.Contains(headerKeys, key) {
		return p.wrong(n, fmt.Sprintf("%s belongs in the header: at the top, before the first blank line and the first verb", key))
	}
	return nil
}

func (p *parser) field(n int, key, value string) error {
	join := func(to *string) { *to = strings.TrimSpace(*to + " " + value) }
	switch key {
	case "title":
		join(&p.s.Title)
	case "shows":
		join(&p.s.Shows)
	case "source":
		join(&p.s.Source)
	case "promise":
		p.s.Promises = append(p.s.Promises, value)
	case "report":
		p.s.Reports = append(p.s.Reports, value)
	case "targets":
		for _, t := range strings.Fields(value) {
			kind, spec, ok := strings.Cut(t, ":")
			if !slices.Contains([]string{"sim", "vm", "host"}, kind) || ok && spec == "" {
				return p.wrong(n, fmt.Sprintf("%q is no target: sim:v6.12, vm:6.12", t))
			}
			p.s.Targets = append(p.s.Targets, t)
		}
	}
	return nil
}

// whole looks at what only shows when all was read.
func (p *parser) whole() error {
	s := p.s
	lines := len(s.Lines)
	for _, c := range s.Cases {
		lines += len(c.Lines)
		if len(c.Lines) == 0 {
			return p.wrong(c.N, fmt.Sprintf("the case %q has no line", c.Name))
		}
	}
	switch {
	case s.Title == "" || strings.Contains(s.Title, "#"):
		return p.wrong(max(p.seen["title"], 1), "the header needs a line \"# title: ...\", without a # in the title")
	case len(s.Targets) == 0:
		return p.wrong(max(p.seen["targets"], 1), "the header needs a line \"# targets: sim:v6.12 ...\"")
	case lines == 0:
		return p.wrong(p.last, "no line does anything: a verb is missing, such as load minix")
	}
	return nil
}
