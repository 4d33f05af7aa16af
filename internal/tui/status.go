package tui

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// segment is a part of the header; those with the highest drop go first when
// there is no room.
type segment struct {
	as   role
	text string
	drop int
}

// header is the first line: program, target, kernel, then the counts.
func (m *Model) header() string {
	l, s := m.look, &m.snap
	left := []segment{{roleBrand, "kmodsh", 5}}
	switch {
	case s.Target != "":
		left = append(left, segment{roleTitle, clean(s.Target, l.ascii), 1})
	case m.job != nil && m.job.opening:
		left = append(left, segment{roleWarn, clean(m.job.line, l.ascii), 1})
	default:
		left = append(left, segment{roleWarn, "no target", 1})
	}
	if s.Info != nil {
		left = append(left, segment{roleDim, clean(s.Info.Release, l.ascii), 6})
		if from := fact(s.Info, "recorded on"); from != "" {
			left = append(left, segment{roleDim, "of " + clean(from, l.ascii), 5})
		}
		if fact(s.Info, "missing") != "" {
			left = append(left, segment{roleWarn, "cut off", 1})
		}
		if s.Info.Taint != 0 {
			left = append(left, segment{roleWarn, "tainted " + kernel.Taints(s.Info.Taint), 7})
		}
	}
	switch {
	case s.Down != nil:
		left = append(left, segment{roleBad, "DOWN", 0})
	case m.feed != nil && m.feed.silent >= 2:
		left = append(left, segment{roleWarn, fmt.Sprintf("no answer for %d s", m.feed.silent), 0})
	case s.Problem != nil && s.Listed:
		left = append(left, segment{roleWarn, "list is old", 0})
	}
	var right []segment
	if d := s.Debug; d != nil && d.Kernel != "" {
		left = append(left, position(d, clean(m.session.Future(), l.ascii)))
		right = append(right, gauge(l, d.Permits))
	}
	for i, st := range []trace.State{trace.Live, trace.Coming, trace.Going, trace.Unformed} {
		if n := s.Count(st); n > 0 || st == trace.Live && s.Listed {
			right = append(right, segment{stateRole(st), fmt.Sprintf("%s %d %s", l.state(st), n, st), 2 + i%3})
		}
	}
	if s.Target != "" {
		right = append(right, segment{roleDim, wording.Count(s.Seq, "event"), 8})
	}
	if s.Lost > 0 {
		right = append(right, segment{roleBad, fmt.Sprintf("%d lost", s.Lost), 1})
	}
	return bar(l, m.w, left, right)
}

// fact is what a target tells of itself under a name, "" when it does not.
func fact(info *kernel.Info, name string) string {
	for _, f := range info.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// bar draws segments on one line, left and right, and leaves out what matters
// least until they fit.
func bar(l *look, w int, left, right []segment) string {
	total := func(list []segment) int {
		n := 1
		for _, s := range list {
			n += width(s.text) + 2
		}
		return n
	}
	worst := func(list []segment) (int, int) {
		at, drop := -1, 0
		for i, s := range list {
			if s.drop > drop {
				at, drop = i, s.drop
			}
		}
		return at, drop
	}
	for total(left)+total(right)-2 > w {
		i, a := worst(left)
		j, b := worst(right)
		if a == 0 && b == 0 {
			break
		}
		if a >= b {
			left = append(left[:i:i], left[i+1:]...)
		} else {
			right = append(right[:j:j], right[j+1:]...)
		}
	}
	draw := func(list []segment) string {
		parts := make([]string, len(list))
		for i, s := range list {
			parts[i] = l.on(s.as, s.text)
		}
		return strings.Join(parts, "  ")
	}
	a, b := " "+draw(left), draw(right)+" "
	if len(right) == 0 {
		return fit(a, w, l.tail)
	}
	if gap := w - width(a) - width(b); gap > 0 {
		a += strings.Repeat(" ", gap)
	}
	return fit(a+b, w, l.tail)
}

// footer is the last line: a question, the prompt, a notice, what runs, or the
// keys that work here.
func (m *Model) footer() string {
	l := m.look
	switch {
	case m.asking:
		return fit(" "+l.on(roleWarn, clean(m.jobLine(), l.ascii)+" is running. Quit and cancel it? y, n"), m.w, l.tail)
	case m.prompt.kind != promptNone && m.notice == "":
		return m.promptLine()
	case m.notice != "":
		as := roleTitle
		if m.warning {
			as = roleBad
		}
		return fit(" "+l.on(as, clean(m.notice, l.ascii)), m.w, l.tail)
	case m.job != nil && !(m.job.opening && m.snap.Target == ""):
		return fit(" "+m.running(), m.w, l.tail)
	case m.beside != nil:
		return fit(" "+l.on(roleKey, "Up Down")+" scroll  "+l.on(roleKey, "Enter")+" goes to the other  "+l.on(roleKey, "Esc")+" closes", m.w, l.tail)
	case m.menu != nil:
		return fit(" "+l.on(roleKey, "Enter")+" takes  "+l.on(roleKey, "Left")+" back  "+l.on(roleKey, "a")+" one or all  "+l.on(roleKey, "Esc")+" closes", m.w, l.tail)
	case m.help != nil:
		return fit(" "+l.on(roleKey, "Esc")+l.on(roleDim, " closes the help"), m.w, l.tail)
	}
	return m.hints()
}

func (m *Model) jobLine() string {
	if m.job == nil {
		return "a verb"
	}
	return m.job.line
}

// running says what is under way and how far it is.
func (m *Model) running() string {
	l, j := m.look, m.job
	text := l.on(roleWarn, clean(j.line, l.ascii)) + "  " + j.steps(m.snap.Seq)
	if n := len(m.stages); n > 0 {
		text += "  " + stageText(l, m.stages[n-1], 10)
	}
	return text + "  " + l.on(roleKey, "Ctrl-C") + l.on(roleDim, " cancels")
}

// stageText writes a stage, with a bar when it is known how far it is.
func stageText(l *look, s Stage, cells int) string {
	text := clean(s.Name, l.ascii)
	if s.Total <= 0 {
		if s.Done > 0 { // how far is known, and not of how much
			text += fmt.Sprintf(" %d", s.Done)
		}
		return text
	}
	done := max(0, min(s.Done, s.Total))
	n := int(float64(done) / float64(s.Total) * float64(cells))
	return fmt.Sprintf("%s %s%s %d%%", text, strings.Repeat(l.full, n), strings.Repeat(l.empty, cells-n),
		int(float64(done)/float64(s.Total)*100))
}

func (m *Model) promptLine() string {
	l, p := m.look, &m.prompt
	sign := ":"
	switch p.kind {
	case promptFilter:
		sign = "/"
	case promptFind:
		sign = `\`
	}
	note := p.note
	if p.asking {
		note = "asking for completions"
	}
	room := m.w - 1
	if note != "" && room > width(note)+20 {
		room -= width(note) + 2
	} else {
		note = ""
	}
	line := l.on(roleKey, sign) + p.view(l, room)
	if note != "" {
		line = fit(line, m.w-width(note)-1, "") + l.on(roleDim, note)
	}
	return fit(line, m.w, "")
}

// hints lists the keys that work here, as many as there is room for; help and
// quit always are among them. Before there is a target the panes' own keys are
// left out.
func (m *Model) hints() string {
	l := m.look
	room := m.w - 1
	shown := make(map[action]bool)
	pick := func(b binding) {
		n := width(b.keys.Help().Key) + width(b.hint) + 3
		if b.hint == "" || shown[b.act] || !b.where.has(m.focus) || b.where != 0 && m.feed == nil || b.debug && m.snap.Debug == nil || n > room {
			return
		}
		shown[b.act] = true
		room -= n
	}
	for _, b := range m.keys {
		if b.act == actHelp || b.act == actQuit {
			pick(b)
		}
	}
	for _, b := range m.keys {
		pick(b)
	}
	var out string
	for _, b := range m.keys {
		if !shown[b.act] || !b.where.has(m.focus) {
			continue
		}
		delete(shown, b.act)
		ink := roleText
		if m.why(b.act) != "" {
			ink = roleDim
		}
		out += l.on(roleKey, b.keys.Help().Key) + " " + l.on(ink, b.hint) + "  "
	}
	return fit(" "+out, m.w, "")
}
