// Package wording is how people are written to, wherever a message is made: a
// number with its noun, and which word a mistyped one was meant to be. It must
// not know what the words name.
package wording

import (
	"fmt"
	"strings"
)

// Count is a number of things in words, "1 event" or "2 events": a noun whose
// plural is not one with an s has it behind the singular.
func Count[N ~int | ~int64 | ~uint64](n N, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// Longest bounds, in bytes, what is compared: a mistyped word may come from a
// file, and the work grows with the product of two lengths.
const Longest = 64

// Meant returns the word of list that a mistyped one was meant to be: the same but
// for capitals, or a slip or two away (a letter left out, added or wrong, or two
// neighbours that changed places; two slips only in a word of six letters or more).
// "" when there is none. Abbreviations do not count: it is for places where a word
// of nobody's list may be rightly there.
func Meant(word string, list []string) string {
	if near := Slipped(word, list); len(word) > 2 && len(near) > 0 {
		return near[0]
	}
	return ""
}

// Slipped returns the words of list within the slips that Meant tells of that have
// the fewest: of kmod18, kmod19 was meant and not kmod20.
func Slipped(word string, list []string) []string {
	if len(word) < 2 || len(word) > Longest {
		return nil
	}
	word = strings.ToLower(word)
	var near []string
	fewest := 3
	for _, w := range list {
		most := 1
		if min(len(w), len(word)) >= 5 && max(len(w), len(word)) >= 6 {
			most = 2
		}
		if max(len(w)-len(word), len(word)-len(w)) > most {
			continue
		}
		switch n := slips(word, strings.ToLower(w)); {
		case n > most || n > fewest:
		case n < fewest:
			fewest, near = n, []string{w}
		default:
			near = append(near, w)
		}
	}
	return near
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
