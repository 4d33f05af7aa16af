package kmod

import (
	"maps"
	"strings"
	"testing"
)

// TestSymversWithPrefix: of a name with and without the prefix the last line
// counts, as with kmod.
func TestSymversWithPrefix(t *testing.T) {
	const text = "0x1\t_printk\tvmlinux\tEXPORT_SYMBOL\n0x2\tprintk\tvmlinux\tEXPORT_SYMBOL\n0x3\tkfree\tvmlinux\tEXPORT_SYMBOL\n0x4\t_kfree\tvmlinux\tEXPORT_SYMBOL\n0x5\tmine\tdrivers/mine\tEXPORT_SYMBOL\n"
	for prefix, want := range map[byte]kernelSymbols{
		'_': {"printk": 2, "kfree": 4},
		0:   {"_printk": 1, "printk": 2, "kfree": 3, "_kfree": 4},
	} {
		for range 20 { // no order of a map counts
			if got, err := readSymvers(strings.NewReader(text), prefix, nil); err != nil || !maps.Equal(got, want) {
				t.Fatalf("prefix %q: %v, %v, want %v", prefix, got, err, want)
			}
		}
	}
}
