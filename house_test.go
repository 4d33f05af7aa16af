// Package kmodsh_test holds the checks of the house itself: which package may
// import which, that every package says what it is for, that nothing is there
// for tests alone. It looks at the source with the go command and the parser.
package kmodsh_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "example.org/kmodsh"

// floors is the house, top floor first: imports point down, never up and never
// along a floor. A package belongs to the floor with the longest matching path.
var floors = [][]string{
	{"cmd/kmodsh", "cmd/kmodsh-modprobe", "cmd/release"},
	{"internal/tui", "internal/shell"},
	{"internal/ops"},
	{"internal/scenario"},
	{"internal/explore"},
	{"internal/conform"},
	{"internal/condition"},
	{"internal/walk"},
	{"internal/lab"},
	{"internal/agent"},
	{"internal/agent/wire"},
	{"internal/sim"},
	{"internal/recording"},
	{"internal/bundle"},
	{"internal/inject"},
	{"internal/early"},
	{"internal/kmod/applet"},
	{"internal/kmod/signing"},
	{"internal/kmod/unpack/link"},
	{"internal/kmod"},
	{"internal/kmod/unpack"},
	{"internal/kmod/alias"},
	{"internal/kernel"},
	{"internal/trace"},
	{"internal/wording"},
	{"internal/quiet"},
	{"internal/terminal"},
}

// forbidden lists imports a package must not have, and why: packages of others
// not through others of ours, either.
var forbidden = []struct{ pkg, imp, why string }{
	{"internal/kmod", "net", "the loader core knows no network"},
	{"internal/kmod", "math/rand", "the loader core is repeatable"},
	{"internal/kmod", "math/rand/v2", "the loader core is repeatable"},
	{"internal/kmod", "golang.org/x/sys/unix", "only internal/kernel makes module system calls"},
	{"internal/kmod", module + "/internal/agent", "the loader core knows only kernel's interfaces"},
	{"internal/kmod/applet", "github.com/alecthomas/kong", "the kernel starts modprobe: start-up must be lean"},
	{"internal/kmod/applet", "github.com/charmbracelet/bubbletea", "nothing of the screen in modprobe"},
	{"internal/early/answer", "regexp", "it has to be initialised, while a kernel waits for modprobe"},
	{"internal/early/answer", "debug/elf", "as with regexp: decompressors come with it"},
	{"internal/early/answer", "crypto", "as with regexp: what checks signatures is linked in above"},
	{"internal/early/answer", "encoding/json", "as with regexp: a query of modprobe needs none of it"},
	{"internal/trace", "os", "events know no system"},
	{"internal/recording", module + "/internal/sim", "a trace is read without knowing where it was made"},
	{"internal/ops", "github.com/charmbracelet/bubbletea", "verbs know no front"},
	{"internal/ops", "github.com/c-bata/go-prompt", "verbs know no front"},
	{"internal/tui", module + "/internal/lab", "a front never reaches past ops"},
	{"internal/shell", module + "/internal/lab", "a front never reaches past ops"},
	{"internal/tui", module + "/internal/kmod", "a front never reaches past ops"},
	{"internal/shell", module + "/internal/kmod", "a front never reaches past ops"},
}

type pkg struct {
	ImportPath  string
	Dir         string
	Doc         string
	Name        string
	Imports     []string
	GoFiles     []string
	TestGoFiles []string
	Error       *struct{ Err string }
}

// packages asks the go command for ours, as built for the given system.
func packages(t *testing.T, goos string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Doc,Name,Imports,GoFiles,TestGoFiles", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// floorOf returns the floor of a package of ours, -1 when it has none.
func floorOf(path string) int {
	path = strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	best, floor := -1, -1
	for i, f := range floors {
		for _, p := range f {
			if (path == p || strings.HasPrefix(path, p+"/")) && len(p) > best {
				best, floor = len(p), i
			}
		}
	}
	return floor
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t, "linux") {
		if p.ImportPath == module {
			continue
		}
		from := floorOf(p.ImportPath)
		if from < 0 {
			t.Errorf("%s has no floor in the house: give it one here and in ARCHITECTURE.md", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module+"/") {
				continue
			}
			if to := floorOf(imp); to <= from && to != -1 && !sameRoom(p.ImportPath, imp) {
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, imp)
			}
		}
	}
}

// sameRoom says that one package is a part of the other.
func sameRoom(a, b string) bool {
	return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

func TestForbiddenImports(t *testing.T) {
	byPath := map[string]pkg{}
	for _, p := range packages(t, "linux") {
		byPath[p.ImportPath] = p
	}
	// through returns the way from a package of ours to an import, over others of
	// ours, nil for none. Another of ours it must not import itself: what lies
	// between may.
	var through func(path, imp string, seen map[string]bool) []string
	through = func(path, imp string, seen map[string]bool) []string {
		p, ok := byPath[path]
		if !ok || seen[path] {
			return nil
		}
		seen[path] = true
		if slices.Contains(p.Imports, imp) {
			return []string{path, imp}
		}
		if strings.HasPrefix(imp, module+"/") {
			return nil
		}
		for _, next := range p.Imports {
			if way := through(next, imp, seen); way != nil {
				return append([]string{path}, way...)
			}
		}
		return nil
	}
	for _, rule := range forbidden {
		if way := through(module+"/"+rule.pkg, rule.imp, map[string]bool{}); way != nil {
			t.Errorf("%s: %s", strings.Join(way, " imports "), rule.why)
		}
	}
}

// TestNothingForTestsAlone finds packages that the program does not reach.
func TestNothingForTestsAlone(t *testing.T) {
	byPath := map[string]pkg{}
	for _, goos := range []string{"linux", "darwin"} {
		for _, p := range packages(t, goos) {
			q := byPath[p.ImportPath]
			p.Imports = append(p.Imports, q.Imports...)
			byPath[p.ImportPath] = p
		}
	}
	reached := map[string]bool{}
	var walk func(string)
	walk = func(path string) {
		if reached[path] {
			return
		}
		reached[path] = true
		for _, imp := range byPath[path].Imports {
			if strings.HasPrefix(imp, module) {
				walk(imp)
			}
		}
	}
	walk(module + "/cmd/kmodsh")
	walk(module + "/cmd/kmodsh-modprobe")
	walk(module + "/cmd/release") // run by make release
	for path, p := range byPath {
		if len(p.GoFiles) > 0 && !reached[path] {
			t.Errorf("%s is not part of the program: only tests import it, or nothing does", path)
		}
	}
}

// TestModulePathSortsFirst keeps the cure for a library's terminal query at
// start-up working: Go initialises packages in the order of their paths, and
// internal/quiet must come before bubbletea.
func TestModulePathSortsFirst(t *testing.T) {
	f, err := os.Open("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	if !s.Scan() || s.Text() != "module "+module {
		t.Fatalf("go.mod begins with %q", s.Text())
	}
	if module+"/internal/quiet" > "github.com/charmbracelet/bubbletea" {
		t.Error("the module path sorts behind bubbletea")
	}
}
