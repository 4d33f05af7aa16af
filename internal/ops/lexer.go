package ops

import "strings"

// Word is one word of a line.
type Word struct {
	Text string // quotes and backslashes resolved
	// Start and End are byte offsets into the line: where the word as typed
	// begins, quotes included, and where it ends.
	Start, End int
}

// maxLine bounds the length in bytes of a line that is taken apart.
const maxLine = 64 << 10

// Split cuts a line into words. A condition, as until and others take it, is one
// word as it stands. Else white space separates them; '…' keeps
// everything, "…" everything but backslash before a double quote or a
// backslash; outside of quotes a backslash keeps the next character. A # where
// a word would begin makes the rest of the line a comment. The error, a
// *UsageError, tells of a quote that is not closed or a line too long.
func Split(line string) ([]Word, error) {
	words, open, err := lex(line)
	if err != nil {
		return nil, err
	}
	switch open {
	case '\'', '"':
		return nil, &UsageError{Msg: "a quote is not closed: " + string(open)}
	case '\\':
		return nil, &UsageError{Msg: "the line ends in a backslash"}
	}
	return words, nil
}

// lex is Split for a line that may still be unfinished: open is the quote or
// backslash that has no end yet, '#' inside a comment, else 0. An unfinished
// word is the last of words.
func lex(line string) (words []Word, open byte, err error) {
	if len(line) > maxLine {
		return nil, 0, &UsageError{Msg: "the line is too long"}
	}
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return words, 0, nil
		}
		if line[i] == '#' {
			return words, '#', nil
		}
		if conditionFollows(words) && line[i] != '\'' {
			return append(words, rawWord(line, i)), 0, nil
		}
		w := Word{Start: i}
		w.Text, i, open = lexWord(line, i)
		w.End = i
		words = append(words, w)
		if open != 0 {
			return words, open, nil
		}
	}
}

// lexWord reads the word that begins at i and returns the offset behind it.
func lexWord(line string, i int) (text string, end int, open byte) {
	var b strings.Builder
	for quote := byte(0); ; i++ {
		if i == len(line) {
			return b.String(), i, quote
		}
		c := line[i]
		switch {
		case quote == 0 && isSpace(c):
			return b.String(), i, 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'':
			if i+1 == len(line) {
				return b.String(), len(line), '\\'
			}
			if n := line[i+1]; quote == 0 || n == '"' || n == '\\' {
				b.WriteByte(n)
				i++
			} else {
				b.WriteByte(c)
			}
		default:
			b.WriteByte(c)
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// Quote writes a word so that Split reads it back.
func Quote(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\r\n'\"\\#") {
		return word
	}
	if !strings.Contains(word, "'") {
		return "'" + word + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
