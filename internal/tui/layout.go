package tui

import "slices"

// placed is a pane with its room; h counts the title line.
type placed struct {
	id   paneID
	w, h int
}

// band is a row of panes of one height, with one cell between them.
type band []placed

// layout is what stands where below the header and above the footer.
type layout struct {
	bands []band
	tabs  bool // lanes, events and output share a place
	heads bool // threads, modules and dependencies do, too
	one   bool // a single pane shows; Tab goes through them
}

// Below these sizes panes stop standing beside or above one another.
const (
	twoColumns = 60  // cells for modules and dependencies side by side
	twoBands   = 14  // lines for a second band
	threeBands = 28  // lines for events and output one above the other
	wide       = 100 // cells for the explanation beside the events
	ownLanes   = 24  // lines, where it is wide, for lanes above the events
	allWide    = 160 // cells for all panes at once,
	allHigh    = 48  // and lines for them
)

// arrange lays the panes out in w by h cells. bottom is the one of events and
// output that shows where there is room for one.
func arrange(w, h int, focus, bottom paneID, zoom, debug bool) layout {
	switch {
	case zoom:
		return layout{bands: []band{{{focus, w, h}}}, one: true}
	case w < twoColumns && h >= threeBands:
		return arrangeNarrow(w, h, focus, bottom, debug)
	case w >= wide && h < twoBands:
		return layout{bands: []band{{{focus, w * 3 / 5, h}, {paneExplain, w - w*3/5 - 1, h}}}, one: true}
	case w < twoColumns || h < twoBands:
		return layout{bands: []band{{{focus, w, h}}}, one: true}
	case debug:
		return arrangeDebug(w, h, focus, bottom)
	}
	left := w * 5 / 8
	pair := func(a, b paneID, h int) band {
		return band{{a, left, h}, {b, w - left - 1, h}}
	}
	events := func(h int) band {
		if w >= wide {
			return pair(paneEvents, paneExplain, h)
		}
		return band{{paneEvents, w, h}}
	}
	if h >= threeBands {
		top, out := h*2/5, h*3/10
		if bottom == paneEvents {
			bottom = paneOutput
		}
		last := band{{bottom, w, out}}
		if w >= allWide && h >= allHigh && bottom != paneLanes {
			last = pair(paneOutput, paneConsole, out)
		}
		return layout{bands: []band{
			pair(paneModules, paneDeps, top), events(h - top - out), last,
		}, tabs: true}
	}
	top := h / 2
	low := band{{bottom, w, h - top}}
	if bottom == paneEvents {
		low = events(h - top)
	}
	return layout{bands: []band{pair(paneModules, paneDeps, top), low}, tabs: true}
}

// arrangeDebug is arrange where threads can be stepped: they come first, and
// the explanation always shows. Modules and dependencies share a place.
func arrangeDebug(w, h int, focus, bottom paneID) layout {
	left := w*3/5 - 1
	beside := paneModules
	if focus == paneDeps {
		beside = paneDeps
	}
	top := max(6, h/4)
	threads := band{{paneThreads, left, top}, {beside, w - left - 1, top}}
	rest := h - top
	switch {
	case w >= allWide && h >= allHigh:
		if bottom == paneLanes {
			bottom = paneEvents
		}
		top = h / 6
		rest = h - top
		a, c := w*2/5, w/4
		mid, out := rest*3/8, rest/4
		return layout{bands: []band{
			{{paneThreads, a, top}, {paneModules, w - a - c - 2, top}, {paneDeps, c, top}},
			{{paneLanes, w, mid}},
			{{paneEvents, left, rest - mid - out}, {paneExplain, w - left - 1, rest - mid - out}},
			{{paneOutput, left, out}, {paneConsole, w - left - 1, out}},
		}, tabs: true}
	case h >= ownLanes && w >= wide:
		mid := rest * 2 / 5
		if bottom == paneLanes {
			bottom = paneEvents
		}
		return layout{bands: []band{threads, {{paneLanes, w, mid}}, {{bottom, left, rest - mid}, {paneExplain, w - left - 1, rest - mid}}}, tabs: true}
	case w >= wide:
		return layout{bands: []band{threads, {{bottom, left, rest}, {paneExplain, w - left - 1, rest}}}, tabs: true}
	case h >= threeBands:
		mid := max(7, rest/4)
		low := max(8, (rest-mid)/2)
		if bottom == paneLanes {
			bottom = paneEvents
		}
		return layout{bands: []band{threads, {{paneExplain, w, mid}}, {{paneLanes, w, low}}, {{bottom, w, rest - mid - low}}}, tabs: true}
	case rest >= 10:
		mid := min(9, rest*3/5)
		if focus == paneLanes {
			mid = rest * 2 / 5
		}
		return layout{bands: []band{threads, {{paneExplain, w, mid}}, {{bottom, w, rest - mid}}}, tabs: true}
	}
	return layout{bands: []band{threads, {{bottom, w, rest}}}, tabs: true}
}

// arrangeNarrow stacks the panes where nothing has room beside another: what is
// there, the lanes or the events, another that shares its place, and the
// explanation.
func arrangeNarrow(w, h int, focus, bottom paneID, debug bool) layout {
	head, second := paneModules, paneEvents
	if debug {
		head, second = paneThreads, paneLanes
	}
	if slices.Contains(heads, focus) {
		head = focus
	}
	if bottom == second {
		if bottom = paneOutput; debug {
			bottom = paneEvents
		}
	}
	top, mid, says := max(6, h/4), max(8, h/4), max(8, h/4)
	return layout{bands: []band{
		{{head, w, top}}, {{second, w, mid}}, {{bottom, w, h - top - mid - says}}, {{paneExplain, w, says}},
	}, tabs: true, heads: true}
}

// heads are the panes that share the highest place where all are stacked.
var heads = []paneID{paneThreads, paneModules, paneDeps}

// sharing are the panes that share the lowest place where there is one for
// them all.
var sharing = []paneID{paneLanes, paneEvents, paneOutput, paneConsole}

// shows says whether a pane is on the screen.
func (l layout) shows(id paneID) bool {
	for _, b := range l.bands {
		for _, p := range b {
			if p.id == id {
				return true
			}
		}
	}
	return false
}
