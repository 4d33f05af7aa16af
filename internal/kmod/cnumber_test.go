package kmod

import (
	"math"
	"testing"
)

func TestCNumber(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "10": 10, "+7": 7, " \t\v12": 12, "0x1F": 31, "0Xa": 10, "017": 15, "00": 0, "-0": 0, "-1": math.MaxUint64,
		"-18446744073709551615": 1, "18446744073709551616": math.MaxUint64, "-0x10": math.MaxUint64 - 15, "-99999999999999999999": math.MaxUint64,
	} {
		if got, ok := CNumber(text); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", " ", "-", "x", "08", "0x", "0xg", "1_0", "0b1", "0o7", "--1", "-+1", "- 1", "1 ", "1e3", "10ms"} {
		if got, ok := CNumber(text); ok {
			t.Errorf("%q is the number %d", text, got)
		}
	}
	if n, rest, ok := cNumber("ffz", 16); n != 255 || rest != "z" || !ok {
		t.Errorf("%d, %q, %v", n, rest, ok)
	}
	if n, rest, ok := cNumber("09a", 10); n != 9 || rest != "a" || !ok {
		t.Errorf("%d, %q, %v", n, rest, ok)
	}
}
