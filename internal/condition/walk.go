package condition

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// inspector notes which names of the environment a condition mentions.
type inspector struct {
	used   map[string]bool
	ranges bool // it has a range of numbers

	threads, modules []string // that functions are asked about, by name
}

// Visit implements ast.Visitor.
func (i *inspector) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.IdentifierNode:
		i.used[n.Value] = true
	case *ast.CallNode:
		i.asked(n)
	case *ast.BinaryNode:
		i.ranges = i.ranges || n.Operator == ".."
	}
}

// asked notes the thread or the module that a function is asked about.
func (i *inspector) asked(n *ast.CallNode) {
	f, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok || name.Value == "" {
		return
	}
	switch f.Value {
	case "thread", "at", "done", "result", "verdict", "took":
		i.threads = append(i.threads, name.Value)
	case "state", "initstate", "listed", "refs", "module":
		i.modules = append(i.modules, name.Value)
	}
}

// depth is how deeply predicates are nested in n.
func depth(n ast.Node) int {
	deepest := 0
	add := func(sub ast.Node, own int) {
		if sub != nil {
			deepest = max(deepest, depth(sub)+own)
		}
	}
	switch n := n.(type) {
	case *ast.BinaryNode:
		add(n.Left, 0)
		add(n.Right, 0)
	case *ast.UnaryNode:
		add(n.Node, 0)
	case *ast.ChainNode:
		add(n.Node, 0)
	case *ast.MemberNode:
		add(n.Node, 0)
		add(n.Property, 0)
	case *ast.SliceNode:
		add(n.Node, 0)
		add(n.From, 0)
		add(n.To, 0)
	case *ast.CallNode:
		add(n.Callee, 0)
		for _, a := range n.Arguments {
			add(a, 0)
		}
	case *ast.BuiltinNode:
		for _, a := range n.Arguments {
			add(a, 0)
		}
	case *ast.PredicateNode:
		add(n.Node, 1)
	case *ast.ConditionalNode:
		add(n.Cond, 0)
		add(n.Exp1, 0)
		add(n.Exp2, 0)
	case *ast.VariableDeclaratorNode:
		add(n.Value, 0)
		add(n.Expr, 0)
	case *ast.SequenceNode:
		for _, sub := range n.Nodes {
			add(sub, 0)
		}
	case *ast.ArrayNode:
		for _, sub := range n.Nodes {
			add(sub, 0)
		}
	case *ast.MapNode:
		for _, sub := range n.Pairs {
			add(sub, 0)
		}
	case *ast.PairNode:
		add(n.Key, 0)
		add(n.Value, 0)
	}
	return deepest
}

// explaining returns the pieces of a condition whose values explain the
// whole's: what is compared, through and, or and not.
func explaining(n ast.Node, list []string) []string {
	switch n := n.(type) {
	case *ast.BinaryNode:
		return explaining(n.Right, explaining(n.Left, list))
	case *ast.UnaryNode:
		return explaining(n.Node, list)
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.BoolNode, *ast.NilNode, *ast.ConstantNode, *ast.ArrayNode:
		return list
	case *ast.IdentifierNode:
		if n.Value[0] == 'E' { // the name of an errno
			return list
		}
	}
	if text := n.String(); !slices.Contains(list, text) {
		list = append(list, text)
	}
	return list
}
