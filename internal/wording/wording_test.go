package wording_test

import (
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/wording"
)

func TestCount(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{wording.Count(0, "event"), "0 events"},
		{wording.Count(1, "event"), "1 event"},
		{wording.Count(uint64(2), "event"), "2 events"},
		{wording.Count(1, "event is", "events are"), "1 event is"},
		{wording.Count(3, "event is", "events are"), "3 events are"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestMeant(t *testing.T) {
	list := []string{"title", "targets", "promise", "minutes", "load", "unload", "A"}
	for _, tt := range []struct{ word, meant, slipped string }{
		{"titel", "title", "title"},
		{"Title", "title", "title"},
		{"tragets", "targets", "targets"},
		{"minuts", "minutes", "minutes"},
		{"taregts", "targets", "targets"},
		{"lod", "load", "load"},
		{"unlaod", "unload", "unload"},
		{"prm", "", ""}, // an abbreviation is none
		{"xy", "", ""},
		{"", "", ""},
		{"note", "", ""},
		{strings.Repeat("l", 65), "", ""},
	} {
		if got := wording.Meant(tt.word, list); got != tt.meant {
			t.Errorf("%q meant %q, want %q", tt.word, got, tt.meant)
		}
		if got := strings.Join(wording.Slipped(tt.word, list), ","); got != tt.slipped {
			t.Errorf("%q is a slip of %q, want %q", tt.word, got, tt.slipped)
		}
	}
	if got := wording.Slipped("kmod18", []string{"kmod20", "kmod19"}); !slices.Equal(got, []string{"kmod19"}) {
		t.Errorf("near kmod18 are %q, want the one that has one slip", got)
	}
}
