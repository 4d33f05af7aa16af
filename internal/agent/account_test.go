package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

const vmallocText = `0xffffa00000000000-0xffffa00000005000   20480 irq_init_percpu_irqstack+0x10c/0x170 vmap
0xffffa00000018000-0xffffa0000001d000   20480 kernel_clone+0xa9/0x3e0 pages=4 vmalloc N0=4
0xffffa00000300000-0xffffa00000302000    8192 0xffffffffc0a01013 pages=1 vmalloc N0=1
0xffffa00000400000-0xffffa00000402000    8192 unpurged vm_area
0xffffa00000500000-0xffffa00000502000    8192 vm_map_ram
0xffffffffc0900000-0xffffffffc0907000   28672 load_module+0x784/0x21b0 pages=6 vmalloc N0=6
0xffffffffc0910000-0xffffffffc0912000    8192 move_module.isra.0+0x12/0x80 pages=1 vmalloc
not-an-area x y
`

func TestVmalloc(t *testing.T) {
	areas := parseVmalloc(strings.NewReader(vmallocText))
	counts := countsOf(areas, nil, 7, -1)
	want := []kernel.Count{
		{Name: "vmalloc of modules", Value: 36864, Unit: "bytes"},
		{Name: "vmalloc", Value: 28672, Unit: "bytes"}, // no stacks
		{Name: "directories of /sys/module", Value: 7, Unit: "entries"},
	}
	if d := cmp.Diff(want, counts); d != "" {
		t.Error(d)
	}
	stray := strayAreas(areas, map[uint64]bool{0xffffffffc0900000: true})
	if len(stray) != 1 || stray[0].base != 0xffffffffc0910000 || stray[0].bytes != 8192 {
		t.Errorf("stray: %+v", stray)
	}
	hashed := strings.ReplaceAll(vmallocText, "0xffffffffc09", "0x00000000de3")
	if stray := strayAreas(parseVmalloc(strings.NewReader(hashed)), nil); len(stray) != 0 {
		t.Errorf("hashed addresses tell %+v", stray)
	}
}

func TestSlabs(t *testing.T) {
	const text = `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> ...
kmalloc-cg-64        128    128     64   64    1 : tunables    0    0    0
kmalloc-rnd-03-64      5     64     64   64    1 : tunables    0    0    0
kmalloc-64          2176   2176     64   64    1 : tunables    0    0    0
kernfs_node_cache  11910  11910    136   30    1 : tunables    0    0    0
memdup_user-8        512    512      8  512    1 : tunables    0    0    0
dentry               504    504    192   21    1 : tunables    0    0    0
broken
`
	got := countsOf(nil, parseSlabs(strings.NewReader(text)), 0, 96)[3:]
	want := []kernel.Count{
		{Name: "percpu", Value: 96, Unit: "bytes"},
		{Name: "slab kmalloc-rnd-03-64", Value: 5, Unit: "objects"},
		{Name: "slab kmalloc-64", Value: 2176, Unit: "objects"},
		{Name: "slab kernfs_node_cache", Value: 11910, Unit: "objects"},
		{Name: "slab memdup_user-8", Value: 512, Unit: "objects"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestSettled: two readings that agree end it, and what moved before is noise.
func TestSettled(t *testing.T) {
	reading := func(a, b int64) []kernel.Count {
		return []kernel.Count{{Name: "a", Value: a}, {Name: "b", Value: b}}
	}
	first, second, third := reading(10, 5), reading(7, 5), reading(7, 5)
	if settled(first, second) || !settled(second, third) {
		t.Error("the third reading is the one that agrees with the one before")
	}
	if third[0].Noise != 3 || third[1].Noise != 0 {
		t.Errorf("noise: %+v", third)
	}
	if settled(first, first[:1]) || settled(reading(1, 1)[:1], reading(1, 1)) {
		t.Error("readings of other counts do not agree")
	}
}

func TestKmemleak(t *testing.T) {
	const text = `unreferenced object 0xffff888004f5a6c0 (size 32):
  comm "insmod", pid 123, jiffies 4294900000 (age 8.300s)
  hex dump (first 32 bytes):
    6c 65 61 6b 00 6b 6b a5 00 00 00 00 00 00 00 00  leak.kk.........
  backtrace (crc 1f2e3d4c):
    [<00000000a1b2c3d4>] __kmalloc+0x4d/0x140
    [<0000000011223344>] param_set_charp+0x7e/0xd0
    parse_args+0x1f0/0x3a0
unreferenced object 0xffff888004f5a700 (size 32):
  comm "insmod", pid 124, jiffies 4294900000 (age 8.300s)
  backtrace:
    [<00000000a1b2c3d4>] __kmalloc+0x4d/0x140
    [<0000000011223344>] param_set_charp+0x7e/0xd0
    parse_args+0x1f0/0x3a0
unreferenced object nonsense
unreferenced object 0xffff888004f5a800 (size 8):
  comm "x", pid 1
`
	want := []string{"2 of 32 bytes by __kmalloc, param_set_charp, parse_args", "1 of 8 bytes by "}
	if d := cmp.Diff(want, parseKmemleak(strings.NewReader(text))); d != "" {
		t.Error(d)
	}
}

// FuzzAccount feeds the readers of the kernel's lists with anything: what comes
// out is bounded and can be compared.
func FuzzAccount(f *testing.F) {
	f.Add(vmallocText)
	f.Add("slabinfo - version: 2.1\nkmalloc-64 1 2 64\n")
	f.Add("unreferenced object 0x1 (size 32):\n  backtrace:\n    a+0x1/0x2\n")
	f.Fuzz(func(t *testing.T, text string) {
		counts := countsOf(parseVmalloc(strings.NewReader(text)), parseSlabs(strings.NewReader(text)), 0, 0)
		if len(counts) > 4+accountRowsMax {
			t.Errorf("%d counts", len(counts))
		}
		settled(counts, counts)
		if list := parseKmemleak(strings.NewReader(text)); len(list) > kmemleakMax+1 {
			t.Errorf("%d suspects", len(list))
		}
	})
}
