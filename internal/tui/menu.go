package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// menu is a list over the panes from which one thing is chosen, with what it
// will do told beside it. Choosing may lead to a list below.
type menu struct {
	levels []*level
	anyone bool // faults strike anybody, not only the selected thread
	makes  func(mn *menu) *level
}

// level is one list of a menu.
type level struct {
	title string
	items []item
	list  scroller
}

// item is one line of a menu.
type item struct {
	text string
	note string        // beside the text, dim
	line string        // verb that choosing it runs
	next func() *level // or the list that choosing it opens
	says string        // what it will do
	why  string        // why it cannot be chosen now
}

func (mn *menu) top() *level { return mn.levels[len(mn.levels)-1] }

// Chosen returns the item under the cursor, nil in an empty list.
func (v *level) Chosen() *item {
	if v.list.cursor < len(v.items) {
		return &v.items[v.list.cursor]
	}
	return nil
}

// key moves in the list.
func (mn *menu) key(a action) bool {
	v := mn.top()
	v.list.n = len(v.items)
	return v.list.act(a)
}

// menuKey does what a key means while the menu is open.
func (m *Model) menuKey(name string) tea.Cmd {
	mn := m.menu
	v := mn.top()
	switch name {
	case "esc", "left", "h", "backspace":
		if mn.levels = mn.levels[:len(mn.levels)-1]; len(mn.levels) == 0 {
			m.menu = nil
		}
		return nil
	case "q", "F", "ctrl+c":
		m.menu = nil
		return nil
	case "a":
		mn.anyone = !mn.anyone
		mn.levels = []*level{mn.makes(mn)}
		return nil
	case "enter", "right", "l", " ":
		it := v.Chosen()
		switch {
		case it == nil:
			return m.say("there is nothing to choose; Esc goes back")
		case it.why != "":
			return m.say(it.why)
		case it.next != nil:
			mn.levels = append(mn.levels, it.next())
			return nil
		}
		m.menu = nil
		return m.runMove(it.line)
	}
	if a, ok := m.scrolls(name); ok {
		mn.key(a)
		return nil
	}
	if len(name) == 1 && name[0] >= '1' && name[0] <= '9' && int(name[0]-'1') < len(v.items) {
		v.list.n = len(v.items)
		v.list.cursor = int(name[0] - '1')
		return m.menuKey("enter")
	}
	return m.say("Up and Down choose, Enter takes, Left goes back, Esc closes")
}

// scrolls returns what a key does in a list, when that is to move in it.
func (m *Model) scrolls(name string) (action, bool) {
	for _, b := range m.keys {
		if b.act >= actUp && b.act <= actBottom && slices.Contains(b.keys.Keys(), name) {
			return b.act, true
		}
	}
	return 0, false
}

// body draws the menu in n lines of w cells: the list, and beside or below it
// what the line under the cursor will do.
func (mn *menu) body(l *look, w, n int) []string {
	v := mn.top()
	var path []string
	for _, lv := range mn.levels {
		path = append(path, lv.title)
	}
	out := []string{titleLine(l, w, clean(strings.Join(path, " "+l.arrow+" "), l.ascii), "Esc goes back", true)}
	side := w >= twoColumns
	listW, listH := w, n-1
	if side {
		listW = w * 2 / 5
	} else {
		listH = max(2, (n-1)/2)
	}
	v.list.set(len(v.items), listH)
	var left []string
	from, to := v.list.span()
	for i := from; i < to; i++ {
		left = append(left, v.row(i, listW, l))
	}
	var right []string
	if it := v.Chosen(); it != nil {
		right = it.preview(l, w-listW-3)
		if !side {
			right = it.preview(l, w-2)
		}
	}
	if !side {
		out = append(out, block(left, w, listH, l)...)
		out = append(out, l.on(roleRule, strings.Repeat(l.rule, w)))
		for _, line := range right {
			out = append(out, " "+line)
		}
		return out
	}
	left, right = block(left, listW, listH, l), block(right, w-listW-3, listH, l)
	for i := range left {
		out = append(out, left[i]+l.on(roleRule, l.vertical)+" "+right[i])
	}
	return out
}

func (v *level) row(i, w int, l *look) string {
	it := &v.items[i]
	cursor := i == v.list.cursor
	ink := l.inks(cursor)
	mark := "  "
	if cursor {
		mark = l.cursor + " "
	}
	as := roleText
	if it.why != "" {
		as = roleDim
	}
	text := fit(clean(it.text, l.ascii), min(w-2, max(12, width(it.text)+2)), l.tail)
	return ink[roleMark].on(mark) + ink[as].on(text) + ink[roleDim].on(fit(clean(it.note, l.ascii), max(0, w-2-width(text)), l.tail))
}

// preview is what choosing an item will do, and the verb that it stands for.
func (it *item) preview(l *look, w int) []string {
	var out []string
	if it.why != "" {
		for _, line := range wrap("Not now: "+clean(it.why, l.ascii), w, 0) {
			out = append(out, l.on(roleWarn, line))
		}
		out = append(out, "")
	}
	out = append(out, wrap(clean(it.says, l.ascii), w, 0)...)
	if it.line != "" {
		out = append(out, "", l.on(roleDim, "The same by hand:"), l.on(roleKey, "  : ")+clean(it.line, l.ascii))
	}
	return out
}
