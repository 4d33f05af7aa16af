package agent

import "testing"

// TestIsZero reads addresses as /proc/modules and sections show them.
func TestIsZero(t *testing.T) {
	for text, want := range map[string]bool{
		"0x0000000000000000": true, "0x0": true, "0xffffffffc0354000": false, "0x": false, "": false, "0": false,
	} {
		if isZero(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}

// TestHidden finds out once, and not before there is a module.
func TestHidden(t *testing.T) {
	var h hidden
	h.look(nil)
	if h.known {
		t.Fatal("known without a module")
	}
	h.look([]string{"nosuch"})
	if h.look([]string{"other"}); !h.known {
		t.Fatal("not known with one")
	}
}
