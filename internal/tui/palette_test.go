package tui

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/charmbracelet/lipgloss"
)

// What three kinds of colour blindness make of linear red, green and blue:
// Machado, Oliveira and Fernandes 2009, severity 1.
var blindness = map[string][9]float64{
	"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	"tritanopia":   {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
	"none":         {1, 0, 0, 0, 1, 0, 0, 0, 1},
}

type colour [3]float64 // linear

func parse(t *testing.T, s string) colour {
	t.Helper()
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	var c colour
	for i := range c {
		v := float64(n>>(16-8*i)&0xff) / 255
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

func (c colour) seen(m [9]float64) colour {
	var o colour
	for i := range o {
		o[i] = min(1, max(0, m[3*i]*c[0]+m[3*i+1]*c[1]+m[3*i+2]*c[2]))
	}
	return o
}

func (c colour) luminance() float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// lab is the colour in CIE L*a*b*, for the D65 white.
func (c colour) lab() [3]float64 {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047)
	y := f(c.luminance())
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b colour) float64 {
	p, q := a.lab(), b.lab()
	return math.Sqrt(math.Pow(p[0]-q[0], 2) + math.Pow(p[1]-q[1], 2) + math.Pow(p[2]-q[2], 2))
}

// contrast is that of WCAG 2, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// of256 is a colour of the 256 that all terminals have alike, from 16 on.
func of256(t *testing.T, code string) string {
	t.Helper()
	n, err := strconv.Atoi(code)
	if err != nil || n < 16 {
		t.Fatalf("%q is none of the 240 colours that are alike everywhere", code)
	}
	if n >= 232 {
		v := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", v, v, v)
	}
	n -= 16
	level := [6]int{0, 95, 135, 175, 215, 255}
	return fmt.Sprintf("#%02x%02x%02x", level[n/36], level[n/6%6], level[n%6])
}

// The sixteen colours are each terminal's own: the console's of a PC, xterm's,
// and those of GNOME's terminal.
var sixteen = map[string][16]string{
	"vga":   {"#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa", "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff"},
	"xterm": {"#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"},
	"tango": {"#000000", "#cc0000", "#4e9a06", "#c4a000", "#3465a4", "#75507b", "#06989a", "#d3d7cf", "#555753", "#ef2929", "#8ae234", "#fce94f", "#729fcf", "#ad7fa8", "#34e2e2", "#eeeeec"},
}

// grounds are what people have behind the text: black and white, and the softer
// ones of widespread themes.
func grounds(light bool) []string {
	if light {
		return []string{"#ffffff", "#fdf6e3"}
	}
	return []string{"#000000", "#1e1e1e", "#002b36"}
}

// themes calls f for dark and for light, with what a tone has for it.
func themes(f func(light bool, of func(tone) lipgloss.CompleteColor)) {
	f(false, func(x tone) lipgloss.CompleteColor { return x.dark })
	f(true, func(x tone) lipgloss.CompleteColor { return x.light })
}

// TestPaletteForColourBlind: what moves, what is in order and what is wrong look
// different to people with each kind of colour blindness.
func TestPaletteForColourBlind(t *testing.T) {
	apart := [][2]role{
		{roleLive, roleComing}, {roleLive, roleGoing}, {roleLive, roleBad}, {roleComing, roleGoing}, {roleGood, roleBad}, {roleGood, roleWarn},
		{roleGoing, roleBad}, {roleBuiltin, roleComing}, {roleBuiltin, roleBad},
	}
	themes(func(light bool, of func(tone) lipgloss.CompleteColor) {
		for kind, m := range blindness {
			for _, p := range apart {
				a, b := of(palette[p[0]]), of(palette[p[1]])
				for colours, pair := range map[string][2]string{"true colour": {a.TrueColor, b.TrueColor}, "256": {of256(t, a.ANSI256), of256(t, b.ANSI256)}} {
					if d := distance(parse(t, pair[0]).seen(m), parse(t, pair[1]).seen(m)); d < 11 {
						t.Errorf("light %v, %s, %s: roles %d and %d are %.0f apart", light, colours, kind, p[0], p[1], d)
					}
				}
			}
		}
	})
}

// TestPaletteContrast: all that is text can be read on every ground it may be on,
// that of the cursor's row too (WCAG 2: 4.5). The sixteen colours are not ours to
// choose, so there it is what WCAG asks of large text, 3, on black and white; the
// cursor's row is those two turned round.
func TestPaletteContrast(t *testing.T) {
	themes(func(light bool, of func(tone) lipgloss.CompleteColor) {
		on := of(selected)
		for r := range roles {
			c := of(palette[r])
			if c.TrueColor == "" || r == roleRule {
				continue
			}
			check := func(colours, text, ground string, least float64) {
				if x := contrast(parse(t, text), parse(t, ground)); x < least {
					t.Errorf("light %v, %s: role %d, %s on %s, has a contrast of %.1f", light, colours, r, text, ground, x)
				}
			}
			for _, g := range append(grounds(light), on.TrueColor) {
				check("true colour", c.TrueColor, g, 4.5)
			}
			for _, g := range append(grounds(light), of256(t, on.ANSI256)) {
				check("256", of256(t, c.ANSI256), g, 4.5)
			}
			n, err := strconv.Atoi(c.ANSI)
			if err != nil {
				t.Fatal(err)
			}
			for name, list := range sixteen {
				check("16 of "+name, list[n], grounds(light)[0], 3)
			}
		}
	})
}

func TestLightOf(t *testing.T) {
	for env, want := range map[string]bool{
		"": false, "COLORFGBG=": false, "COLORFGBG=15;0": false, "COLORFGBG=0;15": true, "COLORFGBG=0;default;15": true, "COLORFGBG=0;7": true, "COLORFGBG=7": false,
	} {
		if got := lightOf([]string{"TERM=xterm", env}); got != want {
			t.Errorf("%q: light %v", env, got)
		}
	}
}
