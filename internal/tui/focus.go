package tui

import "slices"

// ring is the panes that can have the keys, in the order of Tab.
func (m *Model) ring() []paneID {
	if m.snap.Debug != nil {
		return []paneID{paneThreads, paneLanes, paneModules, paneDeps, paneEvents, paneOutput, paneConsole}
	}
	return []paneID{paneModules, paneDeps, paneEvents, paneLanes, paneOutput, paneConsole}
}

// move gives the keys to the next pane, d panes on.
func (m *Model) move(d int) {
	ring := m.ring()
	m.focus = ring[(slices.Index(ring, m.focus)+d+len(ring))%len(ring)]
	if slices.Contains(sharing, m.focus) {
		m.bottom = m.focus
	}
	m.resize()
}

// filterText is the filter of the pane that has the keys, nil when it has none.
func (m *Model) filterText() *string {
	switch m.focus {
	case paneModules:
		return &m.modules.filter
	case paneEvents:
		return &m.events.filter
	case paneThreads:
		return &m.threads.filter
	case paneLanes:
		return &m.lanes.filter
	case paneConsole:
		return &m.console.filter
	}
	return nil
}

// filter returns the filter of the pane that has the keys.
func (m *Model) filter() string {
	if f := m.filterText(); f != nil {
		return *f
	}
	return ""
}

func (m *Model) setFilter(text string) {
	if f := m.filterText(); f != nil {
		*f = text
	}
	m.sync()
}
