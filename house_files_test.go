package kmodsh_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// longFiles may pass the limit of lines, with the reason.
var longFiles = map[string]string{}

const maxLines = 300

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t, "linux") {
		if len(p.GoFiles) == 0 {
			continue
		}
		if len(p.Doc) < 40 {
			t.Errorf("%s has no package comment worth the name", p.ImportPath)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || longFiles[path] != "" {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(b, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, the limit is %d: cut it where its subject divides", path, n, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPublicNamesAreExplained asks for a doc comment on every exported name of
// our packages.
func TestPublicNamesAreExplained(t *testing.T) {
	for _, p := range packages(t, "linux") {
		for _, f := range p.GoFiles {
			name := filepath.Join(p.Dir, f)
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if what := undocumented(d); what != "" {
					t.Errorf("%s: %s has no doc comment", filepath.Join(strings.TrimPrefix(p.ImportPath, module+"/"), f), what)
				}
			}
		}
	}
}

// undocumented names the exported thing a declaration leaves unexplained.
// Methods are left out: most stand for an interface that explains them.
func undocumented(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() && d.Doc == nil {
			return "func " + d.Name.Name
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				return "type " + s.Name.Name
			}
		}
	}
	return ""
}
