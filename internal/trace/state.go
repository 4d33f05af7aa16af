package trace

import (
	"cmp"
	"slices"
)

// State is the state of one module, in the kernel's own words
// (include/linux/module.h, enum module_state), with two more for modules that
// are not on the kernel's module list.
type State string

// The states. Absent and Builtin are not states of a struct module: absent
// means no module of the name is on the list, builtin that its code is part of
// the kernel image (listed in modules.builtin).
const (
	Absent   State = "absent"
	Unformed State = "unformed"
	Coming   State = "coming"
	Live     State = "live"
	Going    State = "going"
	Builtin  State = "builtin"
)

// rank is how much a state needs a look: those that pass come first.
func (s State) rank() int {
	return 1 + slices.Index([]State{Unformed, Coming, Going, Live, Builtin, Absent}, s)
}

// CompareStates orders states by how much they need a look, those that pass
// before those that stay.
func CompareStates(a, b State) int { return cmp.Compare(a.rank(), b.rank()) }

// ParseProcState translates the state column of /proc/modules (Live, Loading,
// Unloading: kernel/module/procfs.c, m_show). It answers "" for any other word.
func ParseProcState(word string) State {
	switch word {
	case "Live":
		return Live
	case "Loading":
		return Coming
	case "Unloading":
		return Going
	}
	return ""
}

// ParseInitstate translates the text of /sys/module/NAME/initstate
// (kernel/params.c, show_modinfo initstate). It answers "" for any other text.
func ParseInitstate(text string) State {
	switch text {
	case "live":
		return Live
	case "coming":
		return Coming
	case "going":
		return Going
	}
	return ""
}

// Valid says whether s is one of the six states.
func (s State) Valid() bool {
	switch s {
	case Absent, Unformed, Coming, Live, Going, Builtin:
		return true
	}
	return false
}
