package export

import (
	"fmt"
	"io"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	svgLabel  = 190 // column of names
	svgLane   = 52  // height of a thread's lane
	svgBand   = 30  // height of a module's band
	svgTop    = 78
	svgChar   = 6.6 // width of a character of 11 px
	svgMinCol = 5.0
	svgMaxCol = 34.0
	svgWidth  = 1280.0
	// A picture of more than that is none for a slide: the page has all.
	svgEvents = 800
	svgLanes  = 40
)

// palette holds the colours of a picture. Those that tell things apart are of
// the set of Okabe and Ito, which colour-blind people can tell apart; each has
// a pattern or a word besides.
type palette struct{ Ground, Ink, Faint, Grid, Runs, Waits, Held, Bad, Coming, Live, Going, Unformed, Flow string }

func colours(dark bool) palette {
	if dark {
		return palette{"#14171c", "#e8eaed", "#9aa3ad", "#2a3038", "#56b4e9", "#e69f00", "#cc79a7", "#ff6a4d", "#f0e442", "#2fbf93", "#cc79a7", "#8a929c", "#9aa3ad"}
	}
	return palette{"#ffffff", "#16191d", "#5b646e", "#e6e9ec", "#0072b2", "#9a6400", "#a8457f", "#c23b00", "#e8d100", "#009e73", "#cc79a7", "#9aa3ad", "#6b747e"}
}

func (p palette) state(kind string) string {
	switch kind {
	case "live":
		return p.Live
	case "coming":
		return p.Coming
	case "going":
		return p.Going
	}
	return p.Unformed
}

// drawing is a picture that is being made.
type drawing struct {
	strings.Builder
	*chart
	palette
	col float64 // width of a column
}

// picture draws the chart: a lane for each thread, steps from left to right,
// what it waits for and is held at, who starts and wakes whom, and the states
// of the modules below.
func picture(w io.Writer, in Input) error {
	c := lay(in.Recording)
	left := c.head(svgEvents, svgLanes)
	d := &drawing{chart: c, palette: colours(in.Dark)}
	d.col = min(svgMaxCol, max(svgMinCol, (svgWidth-svgLabel-40)/float64(max(1, len(c.Events)))))
	width := max(svgWidth, svgLabel+40+d.col*float64(len(c.Events)))
	height := svgTop + svgLane*len(c.Lanes) + 26 + svgBand*(len(c.Modules)+1) + 44
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="11" role="img">`+"\n", width, height, width, height)
	title := titleOf(in)
	fmt.Fprintf(d, "<title>%s</title>\n", escape(title))
	fmt.Fprintf(d, `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="%s"/></marker>`, d.Flow)
	fmt.Fprintf(d, `<pattern id="window" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="8" fill="%s" opacity=".35"/></pattern>`, d.Bad)
	fmt.Fprintf(d, `<pattern id="held" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="%s" opacity=".25"/><rect width="3" height="6" fill="%s"/></pattern></defs>`+"\n", d.Held, d.Held)
	d.rect(0, 0, width, float64(height), d.Ground, 0)
	d.text(16, 30, 17, d.Ink, "bold", clipTo(title, int((width-32)/9.5)))
	subtitle := subtitleOf(in)
	if left != "" {
		subtitle += " · " + left + "; the page (--format html) has all"
	}
	d.text(16, 50, 11, d.Faint, "", clipTo(subtitle, int((width-32)/svgChar)))
	d.steps(float64(height))
	for i := range c.Lanes {
		d.drawLane(i)
	}
	d.arrows()
	for i := range c.Events {
		d.event(i)
	}
	y := float64(svgTop + svgLane*len(c.Lanes) + 26)
	d.text(16, y, 11, d.Faint, "bold", "modules")
	for i := range c.Modules {
		d.drawBand(i, y+10+float64(svgBand*i))
	}
	d.legend(float64(height) - 16)
	d.WriteString("</svg>\n")
	_, err := io.WriteString(w, d.String())
	return err
}

func (d *drawing) x(column int) float64 { return svgLabel + d.col*float64(column) }

// mid is where an event stands: in the middle of its column.
func (d *drawing) mid(event int) float64 { return d.x(event) + d.col/2 }

func (d *drawing) y(lane int) float64 { return float64(svgTop + svgLane*lane + svgLane/2) }

func (d *drawing) rect(x, y, w, h float64, fill string, round float64) {
	fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" rx="%.0f"/>`+"\n", x, y, max(0.5, w), h, fill, round)
}

func (d *drawing) text(x, y float64, size int, fill, weight, s string) {
	if weight != "" {
		weight = ` font-weight="` + weight + `"`
	}
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" font-size="%d" fill="%s"%s>%s</text>`+"\n", x, y, size, fill, weight, escape(s))
}

// steps draws the scale, and a line where the clock moved.
func (d *drawing) steps(height float64) {
	every := 1
	for d.col*float64(every) < 40 {
		every *= 5
		if d.col*float64(every) < 40 {
			every *= 2
		}
	}
	for i := range d.Events {
		if (i+1)%every != 0 {
			continue
		}
		fmt.Fprintf(d, `<path d="M%.1f,%d V%.1f" stroke="%s"/>`+"\n", d.mid(i), svgTop-6, height-40, d.Grid)
		d.text(d.mid(i)-float64(len(fmt.Sprint(i+1)))*2.6, svgTop-11, 9, d.Faint, "", fmt.Sprint(i+1))
	}
	free := 0.0 // from where on there is room for a label
	for i := 1; i < len(d.Events); i++ {
		if gone := d.Events[i].Time - d.Events[i-1].Time; gone >= d.Gap {
			fmt.Fprintf(d, `<path d="M%.1f,%d V%.1f" stroke="%s" stroke-dasharray="2 3"/>`+"\n", d.x(i), svgTop-6, height-40, d.Faint)
			if label := "+" + duration(gone); d.x(i) >= free {
				d.text(d.x(i)+3, svgTop-1, 9, d.Faint, "", label)
				free = d.x(i) + 8 + 5.4*float64(len(label))
			}
		}
	}
}

func (d *drawing) drawBand(i int, y float64) {
	m := d.Modules[i]
	d.text(16, y+15, 12, d.Ink, "bold", clipTo(m.Name, 24))
	for _, s := range m.Spans {
		x, w := d.x(s.From), d.x(s.To)-d.x(s.From)
		fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="20" rx="3" fill="%s" opacity=".85"><title>%s</title></rect>`+"\n", x, y, max(0.5, w-1), d.state(s.Kind), escape(s.Kind+": "+s.Text))
		if strings.Contains(s.Text, "without initstate") {
			fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="20" rx="3" fill="url(#window)"/>`+"\n", x, y, max(0.5, w-1))
		}
		label := s.Kind
		if s.Text != "" && w > 240 {
			label += ": " + s.Text
		}
		if w > svgChar*3 {
			if n := int((w - 6) / 5.6); n >= 4 || n >= len(label) { // fewer letters tell nothing
				d.text(x+4, y+14, 10, "#101418", "", clipTo(label, n))
			}
		}
	}
}

func (d *drawing) legend(y float64) {
	x := 16.0
	item := func(draw, label string) {
		fmt.Fprintf(d, `<g transform="translate(%.0f %.0f)">%s</g>`+"\n", x, y, draw)
		d.text(x+26, y+4, 10, d.Faint, "", label)
		x += 26 + 6*float64(len(label)) + 22
	}
	item(fmt.Sprintf(`<path d="M0,0 H20" stroke="%s" stroke-width="2"/><circle cx="10" r="4" fill="%s"/>`, d.Runs, d.Runs), "runs, at a point")
	item(fmt.Sprintf(`<rect y="-5" width="20" height="10" rx="5" fill="none" stroke="%s" stroke-dasharray="4 2"/>`, d.Waits), "waits")
	item(`<rect y="-5" width="20" height="10" fill="url(#held)"/>`, "held by a fault")
	item(fmt.Sprintf(`<rect y="-5" width="20" height="10" fill="%s"/><rect y="-5" width="20" height="10" fill="url(#window)"/>`, d.Coming), "a directory without initstate")
	item(fmt.Sprintf(`<path d="M10,-6 l6,6 l-6,6 l-6,-6 z" fill="%s"/>`, d.Bad), "a wrong verdict")
	item(fmt.Sprintf(`<path d="M0,0 H18" stroke="%s" marker-end="url(#tip)"/>`, d.Flow), "starts, answers")
	item(fmt.Sprintf(`<path d="M0,0 H18" stroke="%s" stroke-dasharray="3 3" marker-end="url(#tip)"/>`, d.Flow), "wakes")
}
