package ops

import "strings"

// conditionFollows says that the words are the beginning of a line whose rest
// is a condition: it has quotes of its own and is taken as it stands, so that
// a person need not quote it again. One in '…' is a word like any other.
func conditionFollows(words []Word) bool {
	if len(words) == 0 {
		return false
	}
	v, err := Lookup(words[0].Text)
	switch {
	case err != nil:
		return false
	case v.Name == "break":
		return len(words) > 1 && words[len(words)-1].Text == "if"
	}
	return v.Condition && len(words) == 1
}

// rawWord is the rest of the line from i as one word. A # with white space on
// both sides ends it when it is not within double quotes.
func rawWord(line string, i int) Word {
	end, quoted := len(line), false
	for j := i; j < len(line); j++ {
		switch {
		case line[j] == '\\' && quoted:
			j++
		case line[j] == '"':
			quoted = !quoted
		case line[j] == '#' && !quoted && isSpace(line[j-1]) && (j+1 == len(line) || isSpace(line[j+1])):
			end = j
		}
		if end == j {
			break
		}
	}
	text := strings.TrimSpace(line[i:end])
	return Word{Text: text, Start: i, End: i + len(text)}
}
