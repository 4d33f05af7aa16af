package tui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"example.org/kmodsh/internal/trace"
)

// role is what a piece of text is for; the palette says how it looks.
type role int

const (
	roleText role = iota
	roleDim
	roleRule  // lines between panes
	roleFocus // title of the pane that has the keys
	roleTitle // titles of the others, column heads
	roleBrand
	roleKey  // a key in hints and help
	roleMark // cursor and "just changed" marks
	roleGood
	roleWarn
	roleBad
	roleLive
	roleComing
	roleGoing
	roleUnformed
	roleBuiltin
	roles
)

// tone is one row of the palette: a colour for dark and for light backgrounds,
// each for true colour, 256 and 16 colours; "" leaves the terminal's own.
type tone struct {
	dark, light lipgloss.CompleteColor
	bold        bool
}

func hue(rgb, c256, c16 string) lipgloss.CompleteColor {
	return lipgloss.CompleteColor{TrueColor: rgb, ANSI256: c256, ANSI: c16}
}

// palette is the only place with colours. Hues are those of Okabe and Ito's
// set, which stay apart for most kinds of colour blindness; every use also has
// a word or a glyph.
var palette = [roles]tone{
	roleText:     {},
	roleDim:      {dark: hue("#9ba1ab", "247", "7"), light: hue("#5b6068", "240", "8")},
	roleRule:     {dark: hue("#4a505a", "239", "8"), light: hue("#b4b9c2", "250", "7")},
	roleFocus:    {dark: hue("#56b4e9", "74", "14"), light: hue("#005a94", "24", "4"), bold: true},
	roleTitle:    {dark: hue("#c0c5ce", "251", "7"), light: hue("#3b4048", "238", "0")},
	roleBrand:    {dark: hue("#56b4e9", "74", "14"), light: hue("#005a94", "24", "4"), bold: true},
	roleKey:      {dark: hue("#f0e442", "227", "11"), light: hue("#7a5c00", "94", "5")},
	roleMark:     {dark: hue("#f0e442", "227", "11"), light: hue("#a34700", "94", "1"), bold: true},
	roleGood:     {dark: hue("#2fc79a", "43", "10"), light: hue("#00694c", "23", "4")},
	roleWarn:     {dark: hue("#e69f00", "214", "11"), light: hue("#8a5a00", "94", "5")},
	roleBad:      {dark: hue("#ff7a45", "209", "9"), light: hue("#b02a00", "124", "1"), bold: true},
	roleLive:     {dark: hue("#2fc79a", "43", "10"), light: hue("#00694c", "23", "4")},
	roleComing:   {dark: hue("#e69f00", "214", "11"), light: hue("#8a5a00", "94", "5"), bold: true},
	roleGoing:    {dark: hue("#d98cb8", "177", "13"), light: hue("#8c3a6b", "55", "1"), bold: true},
	roleUnformed: {dark: hue("#9ba1ab", "247", "7"), light: hue("#5b6068", "240", "8"), bold: true},
	roleBuiltin:  {dark: hue("#56b4e9", "74", "12"), light: hue("#005a94", "24", "0")},
}

// selected is the background of the cursor row in the pane that has the keys.
var selected = tone{dark: hue("#2b3442", "236", "0"), light: hue("#dbe4ef", "254", "7")}

// ink is a role ready to use: what goes before and after the text.
type ink struct{ open, close string }

func (i ink) on(s string) string {
	if i.open == "" || s == "" {
		return s
	}
	return i.open + s + i.close
}

// look is how everything is drawn: the inks of one palette on one kind of
// terminal, plain and on the cursor row, and the glyphs.
type look struct {
	glyphs
	ascii  bool
	colors bool
	ink    [roles]ink
	sel    [roles]ink

	caretInk ink // the cell under the text cursor
}

// newLook makes the look for a resolved colour mode.
func newLook(mode Mode, light, ascii bool) *look {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetHasDarkBackground(!light)
	profile := map[Mode]termenv.Profile{Color16: termenv.ANSI, Color256: termenv.ANSI256, TrueColor: termenv.TrueColor}
	p, colors := profile[mode]
	if !colors {
		p = termenv.Ascii
	}
	r.SetColorProfile(p)
	l := &look{glyphs: unicodeGlyphs, ascii: ascii, colors: colors}
	if ascii {
		l.glyphs = asciiGlyphs
	}
	l.caretInk = split(r.NewStyle().Reverse(true))
	for i, t := range palette {
		style := r.NewStyle().Bold(t.bold).Foreground(adaptive(t))
		l.ink[i] = split(style)
		style = style.Background(adaptive(selected))
		if mode == Color16 { // sixteen colours have no quiet background
			style = r.NewStyle().Reverse(true)
		}
		l.sel[i] = split(style)
	}
	return l
}

func adaptive(t tone) lipgloss.TerminalColor {
	return lipgloss.CompleteAdaptiveColor{Dark: t.dark, Light: t.light}
}

func split(s lipgloss.Style) ink {
	open, end, _ := strings.Cut(s.Render("x"), "x")
	return ink{open, end}
}

func (l *look) on(r role, s string) string { return l.ink[r].on(s) }

// inks returns the set for a row, on the cursor or not.
func (l *look) inks(cursor bool) *[roles]ink {
	if cursor {
		return &l.sel
	}
	return &l.ink
}

// stateRole and stateGlyph say how a module state looks.
func stateRole(s trace.State) role {
	switch s {
	case trace.Live:
		return roleLive
	case trace.Coming:
		return roleComing
	case trace.Going:
		return roleGoing
	case trace.Unformed:
		return roleUnformed
	case trace.Builtin:
		return roleBuiltin
	}
	return roleDim
}
