package kmodsh_test

import (
	"os"
	"strings"
	"testing"

	source "golang.org/x/tools/go/packages"
)

// TestPlatforms type-checks the programs, with all that they import and from its
// source, as built for the platforms of releases that this is not. A compiler
// would say nothing more of our code, and takes a minute for each of them, most of
// it for the standard library. `make release` builds them.
func TestPlatforms(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64"} {
		t.Run(platform, func(t *testing.T) {
			system, processor, _ := strings.Cut(platform, "/")
			list, err := source.Load(&source.Config{
				Mode: source.NeedName | source.NeedImports | source.NeedDeps | source.NeedCompiledGoFiles |
					source.NeedTypes | source.NeedTypesSizes | source.NeedSyntax,
				Env:   append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0"),
				Tests: true,
			}, "./...")
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			source.Visit(list, nil, func(p *source.Package) {
				if strings.HasPrefix(p.PkgPath, module+"/") {
					seen++
				}
				for _, e := range p.Errors {
					t.Errorf("%s: %v", p.PkgPath, e)
				}
			})
			if seen < 20 {
				t.Errorf("%d packages of ours were looked at, which is too few to be all", seen)
			}
		})
	}
}
