package condition

import (
	"slices"

	"github.com/expr-lang/expr/ast"

	"example.org/kmodsh/internal/kernel"
)

// Looks is what the answer of a condition depends on, so that whoever asks it
// again and again may leave that out where nothing of it has changed.
type Looks struct {
	States, Refs, Sysfs []string // modules: their state; references; directory and initstate
	Threads             []string // threads: whether and how they ended
	AllThreads          bool     // of all threads, which are not told apart by it
	Stands              bool     // of those threads whether they can go, too
	Permits             bool     // how many are used
	Else                bool     // what has no name here
}

// lookers are the functions that look at one thing that they are given the name
// of, and what they look at.
var lookers = map[string]func(l *Looks, name string){
	"state":     func(l *Looks, m string) { l.States = append(l.States, m) },
	"listed":    func(l *Looks, m string) { l.States = append(l.States, m) },
	"refs":      func(l *Looks, m string) { l.States, l.Refs = append(l.States, m), append(l.Refs, m) },
	"sysfs":     func(l *Looks, m string) { l.Sysfs = append(l.Sysfs, m) },
	"initstate": func(l *Looks, m string) { l.States, l.Sysfs = append(l.States, m), append(l.Sysfs, m) },
	"module": func(l *Looks, m string) {
		l.States, l.Refs, l.Sysfs = append(l.States, m), append(l.Refs, m), append(l.Sysfs, m)
	},
	"done":    func(l *Looks, t string) { l.Threads = append(l.Threads, t) },
	"result":  func(l *Looks, t string) { l.Threads = append(l.Threads, t) },
	"verdict": func(l *Looks, t string) { l.Threads = append(l.Threads, t) },
	"thread":  func(l *Looks, t string) { l.Threads = append(l.Threads, t) },
}

// Fields that are covered by what is looked at, of what the functions and lists
// above return.
var (
	fieldsOfAll    = []string{"state", "refs", "dir", "initstate", "done", "result", "verdict", "killed", "gone", "status", "verb", "used", "max"}
	fieldsOfNamed  = []string{"name", "id", "task"}
	inOrder        = []string{"first", "last", "find", "map", "filter"} // of whose answers the order may matter
	constants      = []string{"policy", "modprobe"}
	countedAnyhow  = []string{"threads", "permits"}
	namesOfModules = []string{"state", "listed", "refs", "sysfs", "initstate", "module"}
)

// Looks says what the condition looks at.
func (c *Condition) Looks() Looks {
	root := c.program.Node()
	v := &looker{}
	ast.Walk(&root, v)
	l := &v.looks
	for name := range c.used {
		switch {
		case lookers[name] != nil, slices.Contains(constants, name), name[0] == 'E', slices.Contains(countedAnyhow, name):
		default:
			l.Else = true
		}
	}
	l.AllThreads, l.Permits = c.used["threads"], c.used["permits"]
	for _, f := range v.fields {
		known := slices.Contains(fieldsOfAll, f) || !l.AllThreads && slices.Contains(fieldsOfNamed, f)
		l.Else = l.Else || !known
		l.Stands = l.Stands || f == "status"
	}
	l.Else = l.Else || l.AllThreads && v.ordered
	for _, list := range []*[]string{&l.States, &l.Refs, &l.Sysfs, &l.Threads} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return *l
}

// looker walks through a condition.
type looker struct {
	looks   Looks
	fields  []string
	ordered bool
}

// Visit implements ast.Visitor.
func (v *looker) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.CallNode:
		callee, ok := n.Callee.(*ast.IdentifierNode)
		if !ok || lookers[callee.Value] == nil {
			v.looks.Else = true
			return
		}
		var name string
		if len(n.Arguments) == 1 {
			if s, ok := n.Arguments[0].(*ast.StringNode); ok {
				name = s.Value
			}
		}
		if name == "" {
			v.looks.Else = true // it is worked out
			return
		}
		if slices.Contains(namesOfModules, callee.Value) {
			name = kernel.Normalize(name)
		}
		lookers[callee.Value](&v.looks, name)
	case *ast.MemberNode:
		if s, ok := n.Property.(*ast.StringNode); ok {
			v.fields = append(v.fields, s.Value)
		} else {
			v.ordered = true
		}
	case *ast.SliceNode:
		v.ordered = true
	case *ast.BuiltinNode:
		v.ordered = v.ordered || slices.Contains(inOrder, n.Name)
	}
}
