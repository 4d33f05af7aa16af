package ops

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/kmodsh/internal/trace"
)

// defaultWidth is the width in columns that text is laid out for where the
// place it goes to has none.
const defaultWidth = 80

// sgr is a colour or attribute, the number of an SGR sequence (ECMA-48).
type sgr string

const (
	plain   sgr = ""
	bold    sgr = "1"
	dim     sgr = "2"
	red     sgr = "31"
	green   sgr = "32"
	yellow  sgr = "33"
	magenta sgr = "35"
	cyan    sgr = "36"
)

func stateColor(s trace.State) sgr {
	switch s {
	case trace.Live:
		return green
	case trace.Coming, trace.Unformed:
		return yellow
	case trace.Going:
		return magenta
	case trace.Builtin:
		return cyan
	}
	return plain
}

// text lays lines out for one Style. The first error of the writer is kept and
// ends all writing.
type text struct {
	w     io.Writer
	st    Style
	width int
	root  string // the directory of module trees in paths that need not say it, with a slash behind
	err   error

	painted map[string]string // what paint has made, and of what
}

// inTree takes the directory of the tree off the paths in s.
func (t *text) inTree(s string) string {
	if t.root == "" {
		return s
	}
	return strings.ReplaceAll(s, t.root, "")
}

func newText(w io.Writer, st Style) *text {
	t := &text{w: w, st: st, width: st.Width}
	if t.width <= 0 {
		t.width = defaultWidth
	}
	t.width = max(t.width, 20)
	return t
}

func (t *text) print(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s)
	}
}

// line writes a line of words of our own, which must fit.
func (t *text) line(format string, args ...any) { t.print(fmt.Sprintf(format, args...) + "\n") }

// paint colours s where colours are allowed.
func (t *text) paint(c sgr, s string) string {
	if !t.st.Color || c == plain || s == "" {
		return s
	}
	painted := "\x1b[" + string(c) + "m" + s + unpainted
	if t.painted == nil {
		t.painted = map[string]string{}
	}
	t.painted[painted] = s
	return painted
}

const unpainted = "\x1b[0m"

// plainOf takes away what paint added, and returns what was painted, as it was
// painted, in order. Escapes that paint did not make stay, for clean to show.
func (t *text) plainOf(s string) (string, []string) {
	var b strings.Builder
	var spans []string
	for {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			break
		}
		if n := strings.Index(s[i:], unpainted); n >= 0 {
			if span := s[i : i+n+len(unpainted)]; t.painted[span] != "" {
				b.WriteString(s[:i] + t.painted[span])
				spans = append(spans, span)
				s = s[i+len(span):]
				continue
			}
		}
		b.WriteString(s[:i+1])
		s = s[i+1:]
	}
	b.WriteString(s)
	return b.String(), spans
}

// clean makes text from outside safe to print: control characters and broken
// UTF-8 become visible, and with ascii all that is not ASCII.
func clean(s string, ascii bool) string {
	ok := func(r rune) bool {
		return r != utf8.RuneError && r != 0x7f && (r < utf8.RuneSelf && r >= ' ' || r >= utf8.RuneSelf && !ascii && unicode.IsPrint(r))
	}
	if strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case ok(r):
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// wrap writes s behind head, broken at spaces into lines of the width; the
// lines after the first are indented by indent columns, the width of head.
// Line breaks in s are kept, and what was painted.
func (t *text) wrap(head string, indent int, s string) {
	s, spans := t.plainOf(s)
	for _, part := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		for _, l := range fold(clean(part, t.st.ASCII), t.width-indent) {
			done := ""
			for len(spans) > 0 { // what was broken over two lines is left plain
				before, after, ok := strings.Cut(l, t.painted[spans[0]])
				if !ok {
					break
				}
				done, l, spans = done+before+spans[0], after, spans[1:]
			}
			t.print(head + done + l + "\n")
			head = strings.Repeat(" ", indent)
		}
	}
}

// story writes what explore.Tell wrote: a numbered sentence is folded below its
// own beginning, "  12. W4  ".
func (t *text) story(list []string) {
	for _, l := range list {
		const head = 10
		if n, _, ok := strings.Cut(strings.TrimSpace(l), ". "); ok && len(l) > head && strings.Trim(n, "0123456789") == "" {
			t.wrap(clean(l[:head], t.st.ASCII), head, l[head:])
			continue
		}
		t.line("%s", clean(l, t.st.ASCII))
	}
}

// fold breaks s into lines of at most width columns, at a space where there is
// one, else behind a slash, else anywhere. There is always one line.
func fold(s string, width int) []string {
	width = max(width, 10)
	var lines []string
	for {
		end, n := len(s), 0
		for i := range s {
			if n == width {
				end = i
				break
			}
			n++
		}
		if end == len(s) {
			return append(lines, s)
		}
		cut := end
		if i := strings.LastIndexByte(s[:end+1], ' '); i > 0 && strings.TrimSpace(s[:i]) != "" {
			cut = i
		} else if i := strings.LastIndexByte(s[:end], '/'); i > 0 {
			cut = i + 1
		}
		lines = append(lines, strings.TrimRight(s[:cut], " "))
		s = strings.TrimLeft(s[cut:], " ")
	}
}

// width1 is the number of columns s takes; names and messages of the kernel
// have no wide characters.
func width1(s string) int { return utf8.RuneCountInString(s) }

// took writes nanoseconds for a person.
func took(ns int64) string {
	switch f := float64(ns); {
	case ns < 1e6:
		return fmt.Sprintf("%.2f ms", f/1e6)
	case ns < 1e9:
		return fmt.Sprintf("%.1f ms", f/1e6)
	default:
		return fmt.Sprintf("%.2f s", f/1e9)
	}
}
