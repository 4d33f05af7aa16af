package ops

import (
	"slices"

	"example.org/kmodsh/internal/wording"
	"github.com/sahilm/fuzzy"
)

// nearest returns up to three words of list that a mistyped one was meant to be:
// those it is the fewest slips away from, then those it abbreviates.
func nearest(word string, list []string) []string {
	near := wording.Slipped(word, list)
	if len(word) < 2 || len(word) > wording.Longest {
		return near
	}
	for _, m := range fuzzy.Find(word, list) {
		if !slices.Contains(near, m.Str) {
			near = append(near, m.Str)
		}
	}
	return near[:min(3, len(near))]
}
