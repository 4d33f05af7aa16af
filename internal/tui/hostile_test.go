package tui

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// hostile are names and texts that try to break a screen.
var hostile = []string{
	"\x1b[2J\x1b[1;1Hgone", "\x1b]0;title\x07x", "a\r\nb", "tab\tbed", "\x9b31mc1", "\x1bPdcs\x1b\\y", "nul\x00nul",
	"\u202egnirts", "zero\u200bwidth\u200d", "日本語モジュール", "e\u0301e\u0301\u0301\u0301\u0301\u0301", "Z\u0335\u0336\u0337\u0338algo",
	"👩\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "\xff\xfe\xfd", strings.Repeat("long", 3000), "", " ", "\u115f\u3164", "\u0301first", "-f", "a b", " 00",
}

func TestHostileNames(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for _, size := range []struct{ w, h int }{{80, 24}, {120, 40}, {40, 12}, {20, 6}, {1, 1}, {2, 2}, {3, 3}, {7, 4}} {
			if ascii && size.w > 80 {
				continue
			}
			target := booted()
			for i, s := range hostile {
				target.mods[s] = &kernel.Module{Name: s, State: trace.State(hostile[len(hostile)-1-i]), Users: hostile, Taints: s, Size: -1 << 60, Refs: 1 << 60}
			}
			d := start(t, size.w, size.h, target, Options{Color: TrueColor, ASCII: ascii})
			for _, s := range hostile {
				target.event(trace.Event{Point: s, Module: s, State: trace.State(s), Name: s, Detail: s, Source: s,
					Thread: trace.Thread{ID: s, Comm: s}, Ret: trace.Int(-1 << 63), Time: -5})
			}
			d.sync()
			d.m.snap.Info = &kernel.Info{Release: hostile[0] + hostile[2], Taint: 1 << 63}
			for range panes {
				d.keys("<tab><end>")
				d.safe()
				d.keys("<home><down>z")
				d.safe()
				d.keys("z:" + strings.ReplaceAll(hostile[0]+hostile[9], "<", "") + "<esc>/\x1b日本<enter>")
				d.safe()
				d.keys("<esc>")
			}
			d.keys("i")
			d.safe()
			d.keys("l<tab><tab><tab>")
			d.safe()
			d.keys("<ctrl+u><esc>?<pgdown>")
			d.safe()
			d.keys("<esc>")
			target.locked(func() {
				target.dead = &kernel.DeadError{Target: hostile[0], What: hostile[1], Console: hostile}
			})
			d.list()
			d.safe()
		}
	}
}

// safe fails when the view holds anything but text and the colours that the
// program itself writes, or does not fit.
func (d *driver) safe() {
	d.t.Helper()
	d.text()
	view := d.m.View()
	for i := 0; i < len(view); {
		r, n := utf8.DecodeRuneInString(view[i:])
		if r == utf8.RuneError && n == 1 {
			d.t.Fatalf("the view is not UTF-8 at %q", view[max(0, i-20):min(len(view), i+20)])
		}
		if r == 0x1b {
			end := strings.IndexByte(view[i:], 'm')
			if end < 0 || strings.Trim(view[i+1:i+end], "[0123456789;") != "" {
				d.t.Fatalf("an escape sequence got through: %q", view[i:min(len(view), i+20)])
			}
			n = end
		} else if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			d.t.Fatalf("%q got through near %q", r, view[max(0, i-20):min(len(view), i+20)])
		}
		if d.m.look.ascii && r >= 0x7f {
			d.t.Fatalf("%q on an ASCII screen", r)
		}
		i += n
	}
}

func TestResizeStorm(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	d.keys(":load ext4<enter>?")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		w, h := 1+rng.IntN(130), 1+rng.IntN(50)
		d.send(tea.WindowSizeMsg{Width: w, Height: h})
		d.text()
		switch i % 9 {
		case 0:
			d.keys("<tab>")
		case 1:
			d.keys("z")
		case 2:
			d.keys("<esc>")
		case 3:
			d.keys("<pgdown>")
		case 4:
			d.keys(":lo<tab><tab>")
			d.text()
			d.keys("<esc><esc>")
		case 5:
			d.keys("<end>")
		}
		d.text()
	}
	d.send(tea.WindowSizeMsg{})
	if v := d.m.View(); v == "" {
		t.Error("a terminal of no size loses the screen that was")
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, ascii bool) {
		got := clean(s, ascii)
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || ascii && r >= 0x7f {
				t.Fatalf("%q leaves %q in %q", s, r, got)
			}
		}
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, w := range []int{0, 1, 2, 7, 40} {
			if n := width(fit(got, w, "…")); n != w {
				t.Fatalf("%q fit into %d takes %d", s, w, n)
			}
			for _, line := range wrap(got, w, 0) {
				if width(line) > w && w > 1 {
					t.Fatalf("%q wrapped at %d: %q", s, w, line)
				}
			}
		}
	})
}

// BenchmarkKeyUnderFlood measures a key press while 10,000 events wait to be
// shown: fold them, move the cursor, draw.
func BenchmarkKeyUnderFlood(b *testing.B) {
	benchKey(b, 10000)
}

// BenchmarkKey is the same with nothing else to do.
func BenchmarkKey(b *testing.B) { benchKey(b, 0) }

func benchKey(b *testing.B, flood int) {
	target := booted()
	for i := range 200 {
		target.insert(fmt.Sprintf("filler_%03d", i), trace.Live)
	}
	m := benchModel(b, target)
	var took []cost
	seq := uint64(0)
	events := make([]trace.Event, flood) // the model keeps a copy
	for i := range events {
		events[i] = trace.Event{Point: "L12", Module: fmt.Sprintf("filler_%03d", i%200), State: trace.Coming, Detail: "as it was"}
	}
	for b.Loop() {
		for i := range events {
			seq++
			events[i].Seq = seq
		}
		took = append(took, benchStep(m, events))
	}
	report(b, took)
}
