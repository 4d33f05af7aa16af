package ops

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	list := []string{"title", "targets", "promise", "minutes", "load", "unload", "A"}
	for word, want := range map[string]string{
		"titel":                 "title",
		"lod":                   "load,unload", // the second holds its letters in their order
		"prm":                   "promise",     // an abbreviation
		"xy":                    "",
		"":                      "",
		strings.Repeat("l", 65): "",
	} {
		if got := strings.Join(nearest(word, list), ","); got != want {
			t.Errorf("near %q is %q, want %q", word, got, want)
		}
	}
	many := nearest("module", []string{"modulea", "moduleb", "modulec", "moduled"})
	if want := []string{"modulea", "moduleb", "modulec"}; !slices.Equal(many, want) {
		t.Errorf("near module are %q, want %q", many, want)
	}
}
