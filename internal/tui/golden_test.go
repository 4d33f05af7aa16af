package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// scene is a moment and how to come to it.
type scene struct {
	name string
	make func(t *testing.T, w, h int, opt Options) *driver
}

// scenes are the moments whose screens are kept as golden files.
var scenes = []scene{
	{"booted", func(t *testing.T, w, h int, opt Options) *driver {
		return start(t, w, h, booted(), opt)
	}},
	{"coming", func(t *testing.T, w, h int, opt Options) *driver {
		target := booted()
		d := start(t, w, h, target, opt)
		target.insert("jbd2", trace.Coming)
		target.event(trace.Event{Point: trace.PointInsert, Module: "jbd2", Detail: "kernel/fs/jbd2/jbd2.ko", Source: "helper"})
		target.event(trace.Event{Point: "L12", Module: "jbd2", State: trace.Coming, Source: "tracefs"})
		target.event(trace.Event{Point: "L14", Module: "jbd2", State: trace.Coming, Lost: 3, Source: "tracefs"})
		d.sync()
		d.m.modules.Select("jbd2")
		d.m.sync()
		return d
	}},
	{"loaded", func(t *testing.T, w, h int, opt Options) *driver {
		d := start(t, w, h, booted(), opt)
		d.keys(":load ext4<enter>")
		d.m.modules.Select("ext4")
		d.m.sync()
		return d
	}},
	{"events", func(t *testing.T, w, h int, opt Options) *driver {
		d := start(t, w, h, booted(), opt)
		d.keys(":load ext4<enter>:unload ext4<enter>")
		for d.m.focus != paneEvents {
			d.keys("<tab>")
		}
		d.keys("<up>")
		return d
	}},
	{"console", func(t *testing.T, w, h int, opt Options) *driver {
		d := start(t, w, h, booted(), opt)
		for d.m.focus != paneConsole {
			d.keys("<tab>")
		}
		d.m.console.take([]string{
			"[    2.104518] ext4: loading out-of-tree module taints kernel.", "[    2.391022] EXT4-fs (vda): mounted filesystem r/w",
			"[    3.018844] BUG: kernel NULL pointer dereference, address: 0000000000000008", "[    3.018850] #PF: supervisor read access in kernel mode",
			"[    3.018866] Call Trace:", "[    3.018870]  <TASK>", "[    3.018874]  ext4_init_fs+0x2a/0x1000 [ext4]", "[    3.018901]  </TASK>",
			"[    3.018903] ---[ end trace 0000000000000000 ]---", "[    4.000001] minix: disagrees about version of symbol module_layout",
		}, nil)
		d.m.console.place()
		return d
	}},
	{"completion", func(t *testing.T, w, h int, opt Options) *driver {
		d := start(t, w, h, booted(), opt)
		d.keys(":lo<tab><tab>")
		return d
	}},
	{"help", func(t *testing.T, w, h int, opt Options) *driver {
		d := start(t, w, h, booted(), opt)
		d.keys("?")
		return d
	}},
	{"dead", func(t *testing.T, w, h int, opt Options) *driver {
		target := booted()
		d := start(t, w, h, target, opt)
		target.die()
		d.list()
		return d
	}},
	{"opening", func(t *testing.T, w, h int, opt Options) *driver {
		opt.Target = "vm:6.12"
		d := start(t, w, h, nil, opt)
		d.m.begin("open vm:6.12", true)
		d.send(progressMsg{[]Stage{{"module tree", 1, 1}, {"kernel", 2, 5}}})
		return d
	}},
	{"failed", func(t *testing.T, w, h int, opt Options) *driver {
		opt.Target = "vm:6.12"
		d := start(t, w, h, nil, opt)
		d.m.begin("open vm:6.12", true)
		d.send(progressMsg{[]Stage{{"module tree", 1, 1}, {"kernel", 0, 0}}})
		d.send(openedMsg{job: 1, err: &kernel.DeadError{Target: "vm:6.12", Blame: kernel.BlameLab, What: "QEMU died", Console: []string{
			"qemu-system-x86_64: could not open disk: No space left on device",
		}}})
		return d
	}},
}

func TestGoldenScreens(t *testing.T) {
	scenes := slices.Clone(scenes)
	for _, s := range debugScenes {
		scenes = append(scenes, scene{s.name, func(t *testing.T, w, h int, opt Options) *driver {
			d := startSim(t, w, h, opt, true)
			d.keys(s.keys)
			return d
		}})
	}
	looks := []struct {
		name   string
		opt    Options
		colors bool
	}{
		{"color", Options{Color: Color256}, true},
		{"nocolor", Options{Environ: []string{"TERM=xterm-256color", "NO_COLOR=1", "LANG=C.UTF-8"}}, false},
		{"ascii", Options{Color: Never, ASCII: true}, false},
	}
	sizes := []struct{ w, h int }{{80, 24}, {120, 40}, {40, 12}}
	for _, scene := range scenes {
		for _, size := range sizes {
			for _, look := range looks {
				name := fmt.Sprintf("%s-%dx%d-%s", scene.name, size.w, size.h, look.name)
				if scene.name == "help" && size.h > 24 {
					continue // there the verbs show, whose words are tested where they are
				}
				t.Run(name, func(t *testing.T) {
					d := scene.make(t, size.w, size.h, look.opt)
					e := d.screen()
					got := cells(e)
					if attrs := attributes(e); look.colors {
						got += "\n" + attrs
					} else if attrs != "" {
						t.Errorf("attributes without colours:\n%s", attrs)
					}
					if look.name == "ascii" {
						for _, r := range got {
							if r >= 0x7f {
								t.Fatalf("%q on an ASCII screen:\n%s", r, got)
							}
						}
					}
					golden(t, name, got)
				})
			}
		}
	}
}

// TestGoldenSizes keeps the race on a very large screen, a tall and narrow, and a
// low and wide one: there other panes stand beside each other.
func TestGoldenSizes(t *testing.T) {
	for _, size := range []struct{ w, h int }{{250, 80}, {50, 44}, {120, 13}, {20, 5}} {
		name := fmt.Sprintf("race-false-%dx%d-nocolor", size.w, size.h)
		t.Run(name, func(t *testing.T) {
			d := startSim(t, size.w, size.h, Options{Environ: []string{"TERM=xterm-256color", "NO_COLOR=1", "LANG=C.UTF-8"}}, true)
			d.keys("c<down>c")
			golden(t, name, cells(d.screen()))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/tui -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the screen is not %s (-want +got):\n%s\nscreen:\n%s", file, diff, got)
	}
}
