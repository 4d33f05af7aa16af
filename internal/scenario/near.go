package scenario

import "strings"

// near returns the word of words that a mistyped one was meant to be: the same
// but for capitals, or a slip or two away (a letter left out, added or wrong, or
// two neighbours that changed places; two slips only in a word of six letters or
// more). "" when there is none.
func near(word string, words []string) string {
	word = strings.ToLower(word)
	if len(word) < 3 || len(word) > 32 {
		return ""
	}
	best, found := 3, ""
	for _, w := range words {
		most := 1
		if min(len(w), len(word)) >= 5 && max(len(w), len(word)) >= 6 {
			most = 2
		}
		if d := slips(word, w); d <= most && d < best {
			best, found = d, w
		}
	}
	return found
}

// slips counts how many slips make b of a (optimal string alignment distance).
func slips(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
