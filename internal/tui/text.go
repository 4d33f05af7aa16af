package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxText bounds what is drawn of one string from a target, in bytes: more
// than any terminal is wide, so that a hostile line costs little.
const maxText = 4096

// clean makes text of a target safe to draw on one line: escape sequences and
// control characters are gone, invisible format characters (direction
// overrides, joiners) too, runs of combining marks are cut at two, and bytes
// that are not UTF-8 become a replacement character. Whatever a module or a
// guest's log is called, it cannot move the cursor or hide a neighbour.
func clean(s string, ascii bool) string {
	if plain(s) {
		return s
	}
	if len(s) > maxText {
		s = s[:maxText]
	}
	s = ansi.Strip(s)
	var b strings.Builder
	marks := 0
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case r == '\t' || r == '\n' || unicode.Is(unicode.Z, r):
			b.WriteByte(' ')
			marks = 0
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
			marks = 0
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r >= 0xfe00 && r <= 0xfe0f,
			r >= 0x115f && r <= 0x1160, r == 0x3164, r == 0xffa0:
			// Variation selectors and Hangul fillers change or fake widths.
		case ascii:
			if !unicode.Is(unicode.M, r) {
				b.WriteByte('?')
			}
		case unicode.Is(unicode.M, r):
			if marks++; marks <= 2 && b.Len() > 0 {
				b.WriteRune(r)
			}
		default: // RuneError is written as U+FFFD
			b.WriteRune(r)
			marks = 0
		}
	}
	return b.String()
}

// plain says whether s is short printable ASCII, which is nearly always.
func plain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// width returns the cells s takes; it may hold escape sequences.
func width(s string) int {
	if plain(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// cut shortens s to w cells; what is cut off is replaced by tail.
func cut(s string, w int, tail string) string {
	if w <= 0 {
		return ""
	}
	if width(s) <= w {
		return s
	}
	if w <= width(tail) {
		tail = ""
	}
	return ansi.Truncate(s, w, tail)
}

// fit makes s exactly w cells wide.
func fit(s string, w int, tail string) string {
	s = cut(s, w, tail)
	if n := width(s); n < w {
		s += strings.Repeat(" ", w-n)
	}
	return s
}

// fitRight makes s exactly w cells wide, pushed to the right.
func fitRight(s string, w int, tail string) string {
	s = cut(s, w, tail)
	if n := width(s); n < w {
		s = strings.Repeat(" ", w-n) + s
	}
	return s
}

// wrap breaks clean text into lines of at most w cells, at most limit of them
// (0: all).
func wrap(s string, w, limit int) []string {
	if w < 1 || s == "" {
		return nil
	}
	var lines []string
	for _, line := range strings.Split(ansi.Wrap(s, w, ""), "\n") {
		if width(line) > w { // leading blanks are not counted by Wrap
			line = ansi.Hardwrap(line, w, true)
		}
		lines = append(lines, strings.Split(line, "\n")...)
	}
	if limit > 0 && len(lines) > limit {
		lines = lines[:limit]
	}
	return lines
}
