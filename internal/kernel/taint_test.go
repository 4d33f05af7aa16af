package kernel

import "testing"

func TestTaints(t *testing.T) {
	for mask, want := range map[uint64]string{
		0: "0", 1: "1 (P)", 12288: "12288 (OE)", 1 << 9: "512 (W)", 1 << 18: "262144 (N)", 1 << 40: "1099511627776",
	} {
		if got := TaintWords(mask); got != want {
			t.Errorf("%d is %q, want %q", mask, got, want)
		}
	}
}
