package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plantedEnv names the bug that a program built by buildPlanted has; without it
// the program has none.
const plantedEnv = "KMODSH_PLANTED"

// switchFile is a package that exists in such a build only.
const (
	switchDir  = "internal/planted"
	switchFile = "package planted\n\nimport \"os\"\n\nvar On = os.Getenv(\"" + plantedEnv + "\")\n"
)

// buildPlanted builds kmodsh with all bugs of the table planted and switched
// off, and returns the program's path.
//
// A mutation is a change of text in the source as it stands, so that it is
// what a person could have got wrong. Building one program for each would take
// minutes. So each changed function is added beside the right one, which hands
// over to it where the environment says so: one build has them all, by the go
// command's -overlay, and the program that people get knows nothing of it.
func buildPlanted(t *testing.T, table []planted) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	put := func(file string, text []byte) {
		at := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(at, text, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = at
	}
	put(switchDir+"/planted.go", []byte(switchFile))
	byFile := map[string][]planted{}
	for _, p := range table {
		byFile[p.file] = append(byFile[p.file], p)
	}
	for file, list := range byFile {
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := plant(src, list)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		put(file, text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(at, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "kmodsh")
	cmd := exec.Command("go", "build", "-overlay", at, "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return program
}

// plant adds to a file the changed functions of the given mutations.
func plant(src []byte, list []planted) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	type insertion struct {
		at   int
		text string
	}
	edits := []insertion{{offset(file.Name.End()), `; import planted__ "example.org/kmodsh/` + switchDir + `"`}}
	var changed strings.Builder
	for i, p := range list {
		f, err := function(file, p.fn)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		name := fmt.Sprintf("%s__%d", f.Name.Name, i)
		call, err := handOver(f, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		head := string(src[offset(f.Pos()):offset(f.Name.Pos())])
		rest := string(src[offset(f.Name.End()):offset(f.End())])
		if n := strings.Count(rest, p.old); n != 1 {
			return nil, fmt.Errorf("%s: %q is %d times in %s: the table is behind the source", p.name, p.old, n, p.fn)
		}
		fmt.Fprintf(&changed, "\n%s%s%s\n", head, name, strings.Replace(rest, p.old, p.new, 1))
		edits = append(edits, insertion{offset(f.Body.Lbrace) + 1, fmt.Sprintf("\nif planted__.On == %q { %s }\n", p.name, call)})
	}
	slices.SortStableFunc(edits, func(a, b insertion) int { return b.at - a.at })
	for _, e := range edits {
		src = slices.Insert(src, e.at, []byte(e.text)...)
	}
	return append(src, changed.String()...), nil
}

// function finds a function by its name; a method may have its type before it.
func function(file *ast.File, name string) (*ast.FuncDecl, error) {
	recv, method, dotted := strings.Cut(name, ".")
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case !dotted && f.Name.Name == name:
			return f, nil
		case dotted && f.Recv != nil && f.Name.Name == method && typeName(f.Recv.List[0].Type) == recv:
			return f, nil
		}
	}
	return nil, fmt.Errorf("no function %s", name)
}

func typeName(e ast.Expr) string {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// handOver is the statement by which a function calls its changed self.
func handOver(f *ast.FuncDecl, name string) (string, error) {
	if f.Recv != nil {
		if len(f.Recv.List[0].Names) == 0 {
			return "", fmt.Errorf("%s has no name for its receiver", f.Name.Name)
		}
		name = f.Recv.List[0].Names[0].Name + "." + name
	}
	var args []string
	for _, field := range f.Type.Params.List {
		_, variadic := field.Type.(*ast.Ellipsis)
		if len(field.Names) == 0 {
			return "", fmt.Errorf("%s has parameters without names", f.Name.Name)
		}
		for _, n := range field.Names {
			if n.Name == "_" {
				return "", fmt.Errorf("%s has parameters without names", f.Name.Name)
			}
			arg := n.Name
			if variadic {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	if f.Type.Results == nil {
		return call + "; return", nil
	}
	return "return " + call, nil
}
