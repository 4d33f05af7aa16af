package kmodsh_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNamesInPapers: each file, package and test that the papers name is there.
// Docs are named as they lie in the repository, with its folders.
func TestNamesInPapers(t *testing.T) {
	tests := testsOf(t)
	path := regexp.MustCompile("`((?:internal|cmd|docs)/[a-zA-Z0-9_./*{},-]+)`|(?:^|[ (])\\./((?:internal|cmd)/[a-z0-9_/]+)")
	run := regexp.MustCompile(`go test ((?:\./[a-z/.-]+ ?)+)(?:.*?-(?:run|bench|fuzz) '?([^ '\n]+)'?(?: -bench '?([A-Za-z|]+))?)?`)
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named, commands, code := 0, 0, sources(t)
	for _, page := range append(pages, "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path.FindAllStringSubmatch(string(text), -1) {
			name := strings.TrimRight(m[1]+m[2], "./,")
			named++
			if found, err := filepath.Glob(name); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there", page, name)
			}
		}
		for _, name := range regexp.MustCompile(`KMODSH_[A-Z_]+`).FindAllString(string(text), -1) {
			if !strings.Contains(code, `"`+name+`"`) && !strings.Contains(code, "${"+name) {
				t.Errorf("%s names %s in the environment, which nothing asks for", page, name)
			}
		}
		for _, m := range run.FindAllStringSubmatch(string(text), -1) {
			commands++
			for _, pattern := range append(strings.Split(m[2], "|"), m[3]) {
				if pattern == "" || strings.Contains(pattern, "^$") {
					continue
				}
				if !tests.has(strings.Fields(m[1]), strings.Split(pattern, "/")[0]) {
					t.Errorf("%s has a command with %s, and %shas no such test", page, pattern, m[1])
				}
			}
		}
	}
	if named < 20 || commands < 25 {
		t.Errorf("only %d names and %d commands were found", named, commands)
	}
}

// sources are the program, its tests and its scripts as one text.
func sources(t *testing.T) string {
	var b strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".sh") && name != "check" {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTargetsOfMake: what the papers make, the Makefile has.
func TestTargetsOfMake(t *testing.T) {
	for _, page := range []string{"README.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("(?m)(?:^    |`)make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
			if out, err := exec.Command("make", "-n", m[1]).CombinedOutput(); err != nil {
				t.Errorf("%s: make %s: %v\n%s", page, m[1], err, out)
			}
		}
	}
}

// testNames are the names of tests, benchmarks and fuzz targets by folder.
type testNames map[string][]string

func testsOf(t *testing.T) testNames {
	names := testNames{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names[filepath.Dir(path)] = append(names[filepath.Dir(path)], f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// has says whether one of the packages has a test whose name matches.
func (n testNames) has(packages []string, pattern string) bool {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return false
	}
	for _, p := range packages {
		dir, all := strings.CutSuffix(strings.TrimPrefix(p, "./"), "...")
		for at, names := range n {
			if at != strings.TrimSuffix(dir, "/") && !(all && strings.HasPrefix(at, strings.TrimSuffix(dir, "/"))) {
				continue
			}
			for _, name := range names {
				if match.MatchString(name) && regexp.MustCompile(`^(Test|Benchmark|Fuzz)`).MatchString(name) {
					return true
				}
			}
		}
	}
	return false
}
