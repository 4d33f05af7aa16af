package recording

import (
	"strings"
	"testing"
)

// TestGivenDiffers: whoever repeats a trace is told what it was recorded with and
// is not given here, and the other way round.
func TestGivenDiffers(t *testing.T) {
	config := NewGiven([]string{"blacklist minix"}, "", "")
	for _, tt := range []struct {
		was, here *Given
		same      bool
		want      string // "" no difference
	}{
		{nil, nil, true, ""},
		{config, config, true, ""},
		{config, nil, true, `"blacklist minix"`},
		{config, nil, false, `"blacklist minix"`},
		{config, NewGiven([]string{"blacklist xfs"}, "", ""), true, "another configuration"},
		{nil, config, true, "without a configuration"},
		{NewGiven(nil, "/src/tree", ""), nil, true, "/src/tree"},
		{NewGiven(nil, "/src/tree", ""), NewGiven(nil, "/copy", ""), true, ""},
		{NewGiven(nil, "/src/tree", ""), nil, false, ""},
		{nil, NewGiven(nil, "/src/tree", ""), true, "without --tree"},
		{NewGiven(nil, "", "6.13.0"), NewGiven(nil, "", "6.14.0"), true, "release 6.13.0"},
		{NewGiven(nil, "", "6.13.0"), nil, false, ""},
	} {
		what, do := tt.was.Differs(tt.here, tt.same)
		if (what == "") != (tt.want == "") || !strings.Contains(what, tt.want) || (what == "") != (do == "") {
			t.Errorf("%+v, here %+v: %q, do %q; want %q", tt.was, tt.here, what, do, tt.want)
		}
	}
}
