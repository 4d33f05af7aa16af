package tui

import (
	"context"
	"fmt"
	"image/color"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"

	"example.org/kmodsh/internal/ops"
)

// driver runs a model without a program: commands are run when the test asks,
// one after the other, so that nothing hangs on time. Those that wait (for
// events, progress, the next poll) are kept aside and answered by the test.
type driver struct {
	t    *testing.T
	m    *Model
	s    *ops.Session
	quit bool
}

func start(t *testing.T, w, h int, target *fakeTarget, opt Options) *driver {
	t.Helper()
	s := ops.New()
	if target != nil {
		s.SetTarget(target)
	}
	if opt.Environ == nil {
		opt.Environ = []string{"TERM=xterm-256color", "LANG=C.UTF-8"}
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	d := &driver{t: t, m: New(ctx, s, opt), s: s}
	s.Progress = d.m.progress.report
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	if target != nil {
		d.m.attach(target)
		d.m.feed.listing, d.m.feed.asking = false, false
		d.sync()
	}
	return d
}

// send gives the model a message and returns its command.
func (d *driver) send(msg tea.Msg) tea.Cmd {
	_, cmd := d.m.Update(msg)
	return cmd
}

// sync brings the model up to date with its target: events, list, info.
func (d *driver) sync() {
	d.t.Helper()
	f := d.m.feed
	if events, _ := f.target.Events().After(d.m.snap.Seq, 0); len(events) > 0 {
		d.send(eventsMsg{epoch: f.epoch, events: events})
	}
	d.list()
	info, err := f.target.Info(d.t.Context())
	d.send(infoMsg{f.epoch, info, err})
}

// list reads the module list now.
func (d *driver) list() {
	f := d.m.feed
	f.listing, f.again = false, false
	d.send(f.list(d.m.snap.Seq, d.s.Moved)())
	f.listing, f.again = false, false
}

// keys types keys: names such as "tab" in <>, all else letter by letter.
// Commands that come of it are run, and their answers given to the model.
func (d *driver) keys(text string) {
	d.t.Helper()
	for len(text) > 0 {
		if text[0] == '<' {
			name, rest, _ := strings.Cut(text[1:], ">")
			text = rest
			d.run(d.send(keyMsg(name)))
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		d.run(d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
}

// run runs a command of a key to its end.
func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.QuitMsg:
		d.quit = true
	case tea.BatchMsg: // of attach: feeds, answered by sync
	case listMsg:
		d.send(msg)
	default:
		next := d.send(msg)
		d.run(next)
		if _, ok := msg.(doneMsg); ok && d.m.feed != nil && d.m.snap.Down == nil {
			d.m.feed.listing = false
			d.sync()
		}
	}
}

func keyMsg(name string) tea.KeyMsg {
	types := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "up": tea.KeyUp,
		"down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace, "ctrl+c": tea.KeyCtrlC,
		"ctrl+z": tea.KeyCtrlZ, "ctrl+u": tea.KeyCtrlU, "ctrl+w": tea.KeyCtrlW, "space": tea.KeySpace,
	}
	if name == "lt" {
		return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{'<'}}
	}
	if name == "space" {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	k, ok := types[name]
	if !ok {
		panic("no key " + name)
	}
	return tea.KeyMsg{Type: k}
}

// screen draws the view into a terminal and returns its cells.
func (d *driver) screen() *vt.Emulator {
	d.t.Helper()
	view := d.m.View()
	lines := strings.Split(view, "\n")
	if len(lines) != d.m.h {
		d.t.Fatalf("%dx%d: the view has %d lines", d.m.w, d.m.h, len(lines))
	}
	for i, line := range lines {
		if n := width(line); n > d.m.w {
			d.t.Fatalf("%dx%d: line %d has %d cells: %q", d.m.w, d.m.h, i, n, line)
		}
	}
	e := vt.NewEmulator(d.m.w, d.m.h)
	if _, err := e.WriteString(strings.ReplaceAll(view, "\n", "\r\n")); err != nil {
		d.t.Fatal(err)
	}
	return e
}

// text is what the screen shows, without trailing blanks.
func (d *driver) text() string {
	d.t.Helper()
	return cells(d.screen())
}

func cells(e *vt.Emulator) string {
	var out strings.Builder
	for y := range e.Height() {
		var line strings.Builder
		for x := 0; x < e.Width(); {
			c := e.CellAt(x, y)
			if c == nil || c.Width == 0 {
				x++
				line.WriteByte(' ')
				continue
			}
			line.WriteString(c.Content)
			x += max(1, c.Width)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}

// attributes lists how the cells look, line by line: runs of one look with
// their columns, plain ones left out.
func attributes(e *vt.Emulator) string {
	var out strings.Builder
	for y := range e.Height() {
		from, now := 0, ""
		flush := func(x int) {
			if now != "" {
				fmt.Fprintf(&out, "%d:%d-%d %s\n", y, from, x-1, now)
			}
		}
		for x := range e.Width() {
			s := now
			if c := e.CellAt(x, y); c != nil && c.Width > 0 {
				s = style(c.Style)
			}
			if s != now {
				flush(x)
				from, now = x, s
			}
		}
		flush(e.Width())
	}
	return out.String()
}

func style(s uv.Style) string {
	var parts []string
	for _, c := range []struct {
		name string
		c    color.Color
	}{{"fg", s.Fg}, {"bg", s.Bg}} {
		if c.c != nil {
			r, g, b, _ := c.c.RGBA()
			parts = append(parts, fmt.Sprintf("%s=%02x%02x%02x", c.name, r>>8, g>>8, b>>8))
		}
	}
	if s.Attrs&uv.AttrBold != 0 {
		parts = append(parts, "bold")
	}
	if s.Attrs&uv.AttrReverse != 0 {
		parts = append(parts, "reverse")
	}
	return strings.Join(parts, " ")
}
