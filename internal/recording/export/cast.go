package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Size of the terminal of a recording, and its pace in seconds.
const (
	castWidth   = 100
	castHeight  = 30
	castKey     = 0.045 // between two keys
	castThink   = 0.9   // before a line is typed
	castRead    = 0.035 // between two lines of output
	castEvent   = 0.22  // between two events
	castStop    = 0.8   // where another thread goes on
	castWhole   = 180.0 // the events of a long trace together, at most about
	castMost    = 200   // lines of one answer
	castMostAll = 20_000
)

// cast writes an asciicast of version 2: the verbs that were typed with what
// they showed, or, where none were, the events one by one, told in words.
func cast(w io.Writer, in Input) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	head := struct {
		Version int    `json:"version"`
		Width   int    `json:"width"`
		Height  int    `json:"height"`
		Title   string `json:"title"`
	}{2, castWidth, castHeight, titleOf(in)}
	if err := e.Encode(head); err != nil {
		return err
	}
	c := &casting{out: e}
	if len(in.Recording.Verbs) > 0 {
		c.session(in)
	} else {
		c.events(in)
	}
	c.wait(2)
	c.show("\r\n")
	return c.err
}

type casting struct {
	out   *json.Encoder
	now   float64
	lines int
	err   error
}

func (c *casting) wait(seconds float64) { c.now += seconds }

func (c *casting) show(s string) {
	if c.err == nil {
		c.err = c.out.Encode([]any{json.Number(fmt.Sprintf("%.3f", c.now)), "o", s})
	}
}

// line shows a line, made safe.
func (c *casting) line(s string) {
	switch c.lines++; {
	case c.lines < castMostAll:
		c.show(printable(s) + "\r\n")
	case c.lines == castMostAll:
		c.show("(and so on: the trace has more than is shown here)\r\n")
	}
}

// folded shows a text in lines that the terminal need not break.
func (c *casting) folded(s string) {
	for _, l := range strings.Split(strings.TrimRight(folded("", printable(s), castWidth-1), "\n"), "\n") {
		c.line(l)
	}
}

// session types each verb and shows what it showed.
func (c *casting) session(in Input) {
	prompt := printable(in.Recording.Target) + "> "
	for _, v := range in.Recording.Verbs {
		c.show("\x1b[1m" + prompt + "\x1b[0m")
		c.wait(castThink)
		for _, r := range clipTo(printable(v.Line), 2000) {
			c.show(string(r))
			c.wait(castKey)
		}
		c.show("\r\n")
		c.wait(castKey)
		lines := strings.Split(strings.TrimRight(v.Text, "\n"), "\n")
		for i, l := range lines {
			if i == castMost {
				c.line(fmt.Sprintf("(%d lines more)", len(lines)-i))
				break
			}
			c.line(l)
			c.wait(castRead)
		}
		c.wait(castThink)
	}
}

// events tells each event in a line.
func (c *casting) events(in Input) {
	chart := lay(in.Recording)
	c.folded(titleOf(in))
	c.folded(subtitleOf(in))
	c.line("")
	// Nobody watches a flood of thousands at the pace of ten.
	pace := min(1, castWhole/(castEvent+castStop/4)/float64(max(1, len(chart.Events))))
	last, now := -2, int64(0)
	if len(chart.Events) > 0 {
		now = chart.Events[0].Time
	}
	for _, m := range chart.Events {
		if m.Time-now >= chart.Gap {
			c.wait(castStop * pace)
			c.show(fmt.Sprintf("\x1b[2m  the clock goes on by %s\x1b[0m\r\n", duration(m.Time-now)))
		}
		now = m.Time
		if m.Lane != last && m.Lane >= 0 {
			l := chart.Lanes[m.Lane]
			c.wait(castStop * pace)
			what := l.Task
			if what == "" {
				what = l.Comm
			}
			c.show("\x1b[1m" + printable(l.ID) + "\x1b[0m " + printable(what) + "\r\n")
		}
		last = m.Lane
		text := fmt.Sprintf("  %4d  %-3s %-22s %s", m.N, m.Point, m.Name, m.Text)
		if m.Bad {
			const mark = "  <- not so"
			text = "\x1b[31;1m" + clipTo(printable(text), castWidth-1-len(mark)) + mark + "\x1b[0m"
		} else {
			text = clipTo(printable(text), castWidth-1)
		}
		if c.lines < castMostAll-100 { // what came of it has to be told, too
			c.lines++
			c.show(text + "\r\n")
			c.wait(castEvent * pace)
		}
	}
	c.line("")
	for _, l := range chart.Lanes {
		if l.Task != "" && l.Done {
			c.folded(ended(l))
		}
	}
	if in.Promise != "" {
		c.folded("broken promise: " + in.Promise + ": " + in.Says)
	}
}

// ended says what became of a thread.
func ended(l lane) string {
	s := fmt.Sprintf("%s (%s) returned %s", l.ID, l.Task, l.Returns)
	if l.Verdict != "" {
		s += ": " + l.Verdict
	}
	if l.Error != "" {
		s += ": " + l.Error
	}
	return s
}

// printable makes control characters visible.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
