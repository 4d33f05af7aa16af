package tui

import (
	"slices"

	"github.com/charmbracelet/bubbles/key"
)

// action is what a key asks for; a pane or the model does it.
type action int

const (
	actNone action = iota
	actCommand
	actFilter
	actSort
	actReverse
	actFind
	actFindNext
	actFindPrev
	actLoad
	actUnload
	actInfo
	actGo
	actFollow
	actNext
	actPrev
	actZoom
	actHelp
	actCancel
	actBack
	actQuit
	actSuspend
	actUp
	actDown
	actPageUp
	actPageDown
	actTop
	actBottom
	actStep
	actStage
	actContinue
	actRelease
	actStepBack
	actStepForth
	actStart
	actEnd
	actLeft
	actRight
	actPageLeft
	actPageRight
	actFirstColumn
	actLastColumn
	actScale
	actGoHere
	actBreak
	actMouse
	actFaults
	actFork
	actCompare
	actChoose // the first of nine: choose the first thread and step it
)

// chosen is how many threads have a key of their own.
const chosen = 9

// scope says in which panes a key works.
type scope uint

func in(panes ...paneID) scope {
	var s scope
	for _, p := range panes {
		s |= 1 << p
	}
	return s
}

func (s scope) has(p paneID) bool { return s == 0 || s&(1<<p) != 0 }

// binding is one row of the table of keys.
type binding struct {
	act   action
	group string // heading in the help
	where scope  // 0 is everywhere
	hint  string // one word for the hint line, "" to keep it to the help
	keys  key.Binding
	debug bool // only of use where threads can be stepped
}

// alike says whether two rows are one line of the help: the same key in other
// panes.
func (b binding) alike(o binding) bool {
	return b.act == o.act && b.group == o.group && b.keys.Help() == o.keys.Help()
}

func row(act action, group string, where scope, hint, shown, help string, keys ...string) binding {
	return binding{act: act, group: group, where: where, hint: hint, keys: key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, help))}
}

// debugRow is row for what needs threads that can be stepped.
func debugRow(act action, where scope, hint, shown, help string, keys ...string) binding {
	b := row(act, "debug", where, hint, shown, help, keys...)
	b.debug = true
	return b
}

// keymap is the one table of keys: dispatch, hints and help all read it. Order
// is that of the hint line; what matters most comes first.
func keymap() []binding {
	modules, events, lanes, console := in(paneModules), in(paneEvents), in(paneLanes), in(paneConsole)
	threads := in(paneThreads)
	lines := modules | threads | lanes | events | console | in(paneOutput)
	return append([]binding{
		debugRow(actStep, in(paneThreads), "step", "Space s", "step the selected thread to its next point", " ", "s", "enter"),
		debugRow(actStep, lanes, "step", "Space s", "step the selected thread to its next point", " ", "s"),
		row(actLeft, "move", lanes, "look", "Left", "look at the position before, without going there", "left", "h"),
		row(actRight, "move", lanes, "", "Right", "look at the position after", "right", "l"),
		debugRow(actGoHere, lanes, "go there", "Enter", "go to the position that is looked at", "enter"),
		debugRow(actGoHere, events, "go there", "Enter", "go to where this event happened", "enter"),
		debugRow(actBreak, lanes, "break", "B", "runs stop where the cursor is on this lane, or no longer", "B"),
		row(actScale, "show", lanes, "scale", "t", "lanes by steps, dense, or with pauses of the clock", "t"),
		row(actPageLeft, "move", lanes, "", "[", "look ten positions back", "[", "shift+left"),
		row(actPageRight, "move", lanes, "", "]", "look ten positions on", "]", "shift+right"),
		row(actFirstColumn, "move", lanes, "", "^", "look at the first position", "^"),
		row(actLastColumn, "move", lanes, "", "$", "look at the last position", "$"),
		debugRow(actStage, 0, "next", "n", "run the selected thread to its next stage, its helper too", "n"),
		debugRow(actContinue, 0, "run", "c", "continue: all threads, until a hold, a breakpoint or the end", "c"),
		debugRow(actStepBack, 0, "back", "b", "go back one step; the threads, the table and the events go too", "b", ",", "left"),
		debugRow(actStepForth, 0, "forth", ".", "go forth again one step", ".", "right"),
		debugRow(actRelease, 0, "release", "r", "let the selected thread go on, if it is held", "r"),
		debugRow(actFaults, 0, "faults", "F", "choose a fault, each told in words before it is", "F"),
		debugRow(actFork, 0, "", "o", "make another future from here and go to it", "o"),
		debugRow(actCompare, 0, "", "D", "two futures side by side: what differs, and since when", "D"),
		debugRow(actStart, 0, "", "<", "go back to the beginning; in the race, to where nobody has moved", "<"),
		debugRow(actEnd, 0, "", ">", "go forth to the last step known", ">"),
		row(actCommand, "do", 0, "command", ":", "type a verb; Tab completes, Up recalls", ":"),
		row(actFilter, "show", modules|threads|events|lanes|console, "filter", "/", "show only lines that have all the words; Esc ends it", "/"),
		row(actFind, "show", lines, "find", `\`, "go to the next line, or move on the lanes, that has all the words", `\`),
		row(actSort, "show", modules, "sort", "s", "sort by the next column", "s"),
		row(actSort, "show", threads|lanes, "sort", "O", "sort by name, status, place or module, or as they were made", "O"),
		row(actFollow, "show", events|lanes|console, "follow", "f", "follow what happens, or stay", "f"),
		row(actGo, "show", in(paneDeps), "go there", "Enter", "select the module of this line", "enter"),
		row(actNext, "move", 0, "pane", "Tab", "next pane", "tab"),
		row(actZoom, "show", 0, "zoom", "z", "give this pane the whole screen, and back", "z"),
		row(actHelp, "more", 0, "help", "?", "this help", "?"),
		row(actQuit, "more", 0, "quit", "q", "quit; asks when a verb is running", "q"),
		row(actInfo, "do", modules, "info", "i", "run info on the selected module", "i", "enter"),
		row(actLoad, "do", modules, "load", "l", "begin a load command", "l"),
		row(actUnload, "do", modules, "unload", "u", "begin an unload of the selected module", "u"),
		row(actReverse, "show", modules|threads|lanes, "", "S", "turn the order round", "S"),
		row(actFindNext, "show", lines, "", "N", "the next of what was found", "N"),
		row(actFindPrev, "show", lines, "", "P", "the one before", "P"),
		row(actPrev, "move", 0, "", "Shift-Tab", "pane before", "shift+tab"),
		row(actUp, "move", 0, "", "Up k", "line up", "up", "k"),
		row(actDown, "move", 0, "", "Down j", "line down", "down", "j"),
		row(actPageUp, "move", 0, "", "PgUp", "page up", "pgup", "ctrl+b"),
		row(actPageDown, "move", 0, "", "PgDn", "page down", "pgdown", "ctrl+f", " "),
		row(actTop, "move", 0, "", "Home g", "first line", "home", "g"),
		row(actBottom, "move", 0, "", "End G", "last line", "end", "G"),
		row(actCancel, "do", 0, "", "Ctrl-C", "cancel what is running", "ctrl+c"),
		row(actBack, "more", 0, "", "Esc", "end the filter, the zoom, this help", "esc"),
		row(actMouse, "more", 0, "", "M", "leave the mouse to the terminal, to mark text; or take it back", "M"),
		row(actSuspend, "more", 0, "", "Ctrl-Z", "back to the shell; fg returns", "ctrl+z"),
	}, chooseRows()...)
}

// chooseRows are the keys that step a thread by its number; the help has one
// line for all.
func chooseRows() []binding {
	var list []binding
	for i := range chosen {
		n := string(rune('1' + i))
		b := debugRow(actChoose+action(i), in(paneThreads, paneLanes), "", n, "step the thread of that number", n)
		if i == 0 {
			b.keys.SetHelp("1 to 9", "step the thread of that number: choose who moves next")
		} else {
			b.group = ""
		}
		list = append(list, b)
	}
	return list
}

// lookup finds the row of a key as typed; here is false when the key exists but
// works in other panes only.
func lookup(table []binding, typed key.Binding, p paneID) (b binding, here bool) {
	for _, row := range table {
		for _, k := range row.keys.Keys() {
			if k != typed.Keys()[0] {
				continue
			}
			if row.where.has(p) {
				return row, true
			}
			b = row
		}
	}
	return b, false
}

// whereOf is all the panes in which a key does something, whatever that is.
func whereOf(table []binding, name string) (s scope) {
	for _, row := range table {
		if slices.Contains(row.keys.Keys(), name) {
			s |= row.where
		}
	}
	return s
}
