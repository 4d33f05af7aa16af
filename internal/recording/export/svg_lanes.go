package export

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func (d *drawing) drawLane(i int) {
	l, y := d.Lanes[i], d.y(i)
	d.text(16, y-3, 12, d.Ink, "bold", clipTo(l.ID, 24))
	what := l.Task
	if what == "" {
		what = l.Comm
	}
	d.text(16, y+11, 10, d.Faint, "", clipTo(what, 28))
	fmt.Fprintf(d, `<path d="M%.1f,%.1f H%.1f" stroke="%s" opacity=".5"/>`+"\n", d.x(l.Begin), y, d.x(l.End), d.Runs)
	d.moves(i, y)
	for _, s := range l.Spans {
		x, w := d.x(s.From), d.x(s.To)-d.x(s.From)
		switch s.Kind {
		case "waits":
			fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="10" rx="5" fill="%s" stroke="%s" stroke-dasharray="4 2"><title>%s</title></rect>`+"\n", x, y-5, max(1, w), d.Ground, d.Waits, escape(s.Text))
			d.within(x, y+16, w, waitWords(s.Text, within(w)), d.Waits)
		case "held":
			fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="10" rx="2" fill="url(#held)"><title>%s</title></rect>`+"\n", x, y-5, max(1, w), escape(s.Text))
			d.within(x, y+16, w, s.Text, d.Held)
		}
	}
	if l.Done || l.Verdict != "" {
		end, color := "= "+l.Returns, d.Ink
		if l.Verdict != "" {
			end += " " + l.Verdict
		}
		if l.Verdict != "" && !rightly(kernel.Verdict(l.Verdict)) {
			color = d.Bad
		}
		x := d.x(l.End) + 6
		if over := x + svgChar*float64(len(end)) - max(svgWidth, svgLabel+40+d.col*float64(len(d.Events))); over > -4 {
			d.text(x-over-10, y-9, 11, color, "bold", end)
			return
		}
		d.text(x, y+4, 11, color, "bold", end)
	}
}

// moves draws where a thread went on without anybody else moving in between.
func (d *drawing) moves(lane int, y float64) {
	for i := 0; i < len(d.Events); i++ {
		from := i
		for d.Events[i].Lane == lane && i+1 < len(d.Events) && d.Events[i+1].Lane == lane {
			i++
		}
		if i > from {
			fmt.Fprintf(d, `<path d="M%.1f,%.1f H%.1f" stroke="%s" stroke-width="3"/>`+"\n", d.mid(from), y, d.mid(i), d.Runs)
		}
	}
}

// within is how many characters are written below something so wide.
func within(width float64) int { return int(max(width, 60) / 5.4) }

// within writes a text where there is room for a good part of it.
func (d *drawing) within(x, y, width float64, s, fill string) {
	if width > 30 {
		d.text(x+2, y, 9, fill, "", clipTo(s, within(width)))
	}
}

// waitWords says what a thread waits for, in n characters where it can be.
func waitWords(text string, n int) string {
	what := strings.TrimPrefix(text, "waits for ")
	short := strings.TrimPrefix(what, "the helper ")
	for _, s := range []string{"waits for " + what, "waits for " + short} {
		if len(s) <= n {
			return s
		}
	}
	return short
}

func (d *drawing) event(i int) {
	m := d.Events[i]
	if m.Lane < 0 {
		return
	}
	x, y, fill := d.mid(i), d.y(m.Lane), d.Runs
	if m.Bad {
		fill = d.Bad
	}
	shape := fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" stroke="%s" stroke-width="1.5">`, x, y, min(4.5, d.col/2.6), fill, d.Ground)
	if m.Bad {
		shape = fmt.Sprintf(`<path d="M%.1f,%.1f l6,6 l-6,6 l-6,-6 z" fill="%s" stroke="%s" stroke-width="1.5">`, x, y-6, fill, d.Ground)
	}
	close := shape[1:strings.IndexByte(shape, ' ')]
	fmt.Fprintf(d, "%s<title>%s</title></%s>\n", shape, escape(fmt.Sprintf("%d. %s %s: %s", m.N, m.Point, m.Name, m.Text)), close)
	if d.col >= 19 {
		fmt.Fprintf(d, `<text x="%.1f" y="%.1f" font-size="9" fill="%s" text-anchor="middle">%s</text>`+"\n", x, y-9, d.Ink, escape(m.Point))
	}
}

func (d *drawing) arrows() {
	for _, a := range d.Arrows {
		from, to := d.Events[a.From], d.Events[a.To]
		if from.Lane < 0 || to.Lane < 0 || from.Lane == to.Lane {
			continue
		}
		x1, y1, x2, y2 := d.mid(a.From), d.y(from.Lane), d.mid(a.To), d.y(to.Lane)
		dash := ""
		if a.Kind == "wakes" {
			dash = ` stroke-dasharray="3 3"`
		}
		// Above an event is its name.
		named := 7.0
		if d.col >= 19 {
			named = 18
		}
		if y2 > y1 {
			y1, y2 = y1+7, y2-named
		} else {
			y1, y2 = y1-named, y2+7
		}
		fmt.Fprintf(d, `<path d="M%.1f,%.1f C%.1f,%.1f %.1f,%.1f %.1f,%.1f" fill="none" stroke="%s" stroke-width="1.2"%s marker-end="url(#tip)"><title>%s</title></path>`+"\n",
			x1, y1, x1, (y1+y2)/2, x2, (y1+y2)/2, x2, y2, d.Flow, dash, a.Kind)
	}
}
