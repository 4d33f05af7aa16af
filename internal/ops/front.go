package ops

import "example.org/kmodsh/internal/trace"

// Moved returns the ID of the thread that moved last in the present target, ""
// when none has.
func (s *Session) Moved() string {
	var id string
	s.withDebug(func(st *debugState) { id = st.moved })
	return id
}

// PointSource names the kernel function that is the point in a version of the
// kernel ("6.12"; "" is the newest), with its file, as the verbs do.
func PointSource(p trace.Point, version string) string { return pointSource(p, version) }

// Race returns the lines that set up the built-in race, ready to step: the
// helper works by the rule of kmod 19, A will load minix and be held where its
// directory in /sys/module is there and its initstate is not, and B will ask
// for that file system.
func Race() []string { return []string{"setup seed/builtin-race"} }
