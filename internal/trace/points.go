package trace

import (
	"slices"
	"strings"
	"sync"
)

// Points returns the table of points in the order of the phases, each phase in
// the order of its steps. The caller may change the slice, not the rows'
// inner slices.
func Points() []Point { return slices.Clone(table().rows) }

// pointTable is the rows and where each is.
type pointTable struct {
	once sync.Once
	rows []Point
	byID map[string]int
}

var points pointTable

// table is made once, when it is first asked for: a screen looks points up for
// every line that it draws, and a helper of a guest that never asks has none.
func table() *pointTable {
	points.once.Do(points.fill)
	return &points
}

func (t *pointTable) fill() {
	t.rows = slices.Concat(requestPoints(), helperPoints(), loadPoints(), sysfsPoints(), unloadPoints(), otherPoints())
	t.byID = make(map[string]int, len(t.rows))
	hooks := pointHooks()
	for i := range t.rows {
		t.rows[i].Hooks = hooks[t.rows[i].ID]
		t.byID[t.rows[i].ID] = i
	}
}

// LookupPoint returns the row with the given ID, upper or lower case, or the
// point of a function, "fn:NAME".
func LookupPoint(id string) (Point, bool) {
	if name, ok := strings.CutPrefix(id, FuncPrefix); ok {
		return functionPoint(name)
	}
	t := table()
	i, ok := t.byID[strings.ToUpper(id)]
	if !ok {
		return Point{}, false
	}
	return t.rows[i], true
}

// The IDs of the points that user space can see without a driver: the helper's
// own stages, the module:* tracepoints, and states seen from outside.
const (
	PointRequest    = "R6"  // module_request tracepoint
	PointStarted    = "H0"  // the helper process runs
	PointResolved   = "H1"  // the name was resolved
	PointBuiltin    = "H2"  // the built-in check was answered
	PointInsert     = "H3"  // about to call finit_module or init_module
	PointInserted   = "H4"  // the call returned
	PointWaits      = "H5"  // waits for a module that is coming or going
	PointVerified   = "H6"  // the verifier gave its verdict
	PointExit       = "H7"  // the helper exits
	PointRemove     = "H8"  // about to call delete_module
	PointRemoved    = "H9"  // the call returned
	PointModuleLoad = "L16" // module_load tracepoint
	PointModuleFree = "U4"  // module_free tracepoint
	PointGet        = "G1"  // module_get tracepoint
	PointPut        = "G2"  // module_put tracepoint
	PointSeen       = "S1"  // a change of the module list seen from outside
)
