package tui

import (
	"math"
	"strconv"
	"testing"
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

// TestPaletteForColourBlind: what moves, what is in order and what is wrong look
// different to people with each kind of colour blindness, and all can be read on
// its background (WCAG 2: a contrast of 4.5, for what is large or dim 3).
func TestPaletteForColourBlind(t *testing.T) {
	apart := [][2]role{
		{roleLive, roleComing}, {roleLive, roleGoing}, {roleLive, roleBad}, {roleComing, roleGoing}, {roleGood, roleBad}, {roleGood, roleWarn},
		{roleGoing, roleBad}, {roleBuiltin, roleComing}, {roleBuiltin, roleBad},
	}
	for _, light := range []bool{false, true} {
		of := func(r role) colour {
			if light {
				return parse(t, palette[r].light.TrueColor)
			}
			return parse(t, palette[r].dark.TrueColor)
		}
		for kind, m := range blindness {
			for _, p := range apart {
				if d := distance(of(p[0]).seen(m), of(p[1]).seen(m)); d < 11 {
					t.Errorf("light %v, %s: roles %d and %d are %.0f apart", light, kind, p[0], p[1], d)
				}
			}
		}
		ground := colour{0, 0, 0}
		if light {
			ground = colour{1, 1, 1}
		}
		for r := range roles {
			if palette[r].dark.TrueColor == "" || r == roleRule {
				continue
			}
			a, b := of(r).luminance(), ground.luminance()
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < 4.5 {
				t.Errorf("light %v: role %d has a contrast of %.1f", light, r, contrast)
			}
		}
	}
}
