package condition

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"example.org/kmodsh/internal/kernel"
)

// Bounds of a condition. A nested predicate runs once for each pair of
// elements, so that depth bounds the effort; and lists come only from the
// snapshot, never from a range or a text taken apart.
const (
	maxText  = 1000 // bytes
	maxNodes = 200
	maxDepth = 2 // predicates within predicates
)

// memory bounds what one evaluation may allocate, in elements (vm.VM).
const memory = 100_000

// builtins are the functions of the expression library that conditions may
// use; the rest is switched off.
func builtins() []string {
	return []string{
		"all", "any", "none", "one", "filter", "map", "count", "find", "len", "sum", "min", "max",
		"abs", "round", "floor", "ceil", "lower", "upper", "trim", "first", "last",
	}
}

// Condition is one condition, ready to be asked. It is immutable, and any
// number of goroutines may use it.
type Condition struct {
	text    string
	program *vm.Program
	used    map[string]bool // names of the environment that it mentions
	parts   []part

	threads, modules []string // that it asks about
}

// part is a piece of a condition whose value explains the whole's.
type part struct {
	text    string
	program *vm.Program
}

// Compile reads a condition. The error is a *kernel.WordsError that says where
// the text is wrong.
func Compile(text string) (*Condition, error) {
	if len(text) > maxText {
		return nil, &kernel.WordsError{Msg: fmt.Sprintf("the condition is longer than %d bytes", maxText)}
	}
	if strings.TrimSpace(text) == "" {
		return nil, &kernel.WordsError{Msg: "the condition is empty"}
	}
	program, err := compile(text, expr.AsBool())
	if err != nil {
		return nil, &kernel.WordsError{Msg: "condition: " + oneLine(err)}
	}
	c := &Condition{text: text, program: program, used: map[string]bool{}}
	seen := &inspector{used: c.used}
	root := program.Node()
	ast.Walk(&root, seen)
	c.threads, c.modules = seen.threads, seen.modules
	if seen.ranges {
		return nil, &kernel.WordsError{Msg: "condition: a range of numbers is of no use here"}
	}
	if depth(root) > maxDepth {
		return nil, &kernel.WordsError{Msg: "condition: predicates are nested too deeply"}
	}
	for _, p := range explaining(root, nil) {
		if sub, err := compile(p); err == nil {
			c.parts = append(c.parts, part{p, sub})
		}
	}
	return c, nil
}

func compile(text string, more ...expr.Option) (*vm.Program, error) {
	options := []expr.Option{expr.Env(env{}), expr.MaxNodes(maxNodes), expr.Optimize(false), expr.DisableAllBuiltins()}
	for _, b := range builtins() {
		options = append(options, expr.EnableBuiltin(b))
	}
	return expr.Compile(text, append(options, more...)...)
}

// oneLine is the library's message without its drawing of the place.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Text is the condition as it was written.
func (c *Condition) Text() string { return c.text }

// Mentions says whether the condition uses a name of the language, such as
// "log".
func (c *Condition) Mentions(name string) bool { return c.used[name] }

// AsksAbout returns the threads and the modules that the condition asks about by
// name, as often as it does.
func (c *Condition) AsksAbout() (threads, modules []string) { return c.threads, c.modules }

// Holds says whether the condition is true of s.
func (c *Condition) Holds(s *kernel.Snapshot) (bool, error) {
	v, err := run(c.program, c.env(s))
	if err != nil {
		return false, fmt.Errorf("%s: %w", c.text, err)
	}
	return v.(bool), nil
}

func run(p *vm.Program, e env) (any, error) {
	machine := vm.VM{MemoryBudget: memory}
	v, err := machine.Run(p, e)
	if err != nil {
		return nil, fmt.Errorf("%s", oneLine(err))
	}
	return v, nil
}

// Value is a piece of a condition and what it was found to be.
type Value struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// Explain returns the values that made the condition true or false of s.
func (c *Condition) Explain(s *kernel.Snapshot) []Value {
	e := c.env(s)
	values := []Value{}
	for _, p := range c.parts {
		v, err := run(p.program, e)
		text := show(v)
		if err != nil {
			text = err.Error()
		}
		values = append(values, Value{p.text, text})
	}
	return values
}

// shown bounds the length of a value in an explanation.
const shown = 200

func show(v any) string {
	text := ""
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		text = fmt.Sprintf("%q", v)
		if len(text) > shown { // the end of a log says more than its beginning
			return "..." + text[len(text)-shown:]
		}
	case float64:
		text = fmt.Sprintf("%g", v)
	default:
		text = fmt.Sprintf("%+v", v)
	}
	if len(text) > shown {
		text = text[:shown] + "..."
	}
	return text
}
