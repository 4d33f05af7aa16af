package lab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var (
	seriesPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,4}$`) })
	packagePattern = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^linux-image-([0-9][a-z0-9.+~]*(?:-[0-9][0-9a-z.]*)?-amd64)(-unsigned)?$`)
	})
)

// checkSeries refuses what Fetch cannot look for: all but a series ("6.1") and
// a release of Debian's ("6.1.0-56-amd64").
func checkSeries(spec string) error {
	if len(spec) <= maxRelease && (seriesPattern().MatchString(spec) || packagePattern().MatchString("linux-image-"+spec)) {
		return nil
	}
	return fmt.Errorf("%.70q is neither a series such as 6.1 nor a release such as 6.1.0-56-amd64", spec)
}

// kernelPackage is a Debian package that holds a kernel.
type kernelPackage struct {
	Name    string
	Release string
	Signed  bool
}

// parseKernelPackage takes a package name apart. Only the plain flavour for
// amd64 is one: not cloud (no graphics, no sound: half of the modules are
// missing), not rt, not dbg, and no meta package such as linux-image-amd64 or
// linux-image-6.12-amd64, which holds nothing.
func parseKernelPackage(name string) (kernelPackage, bool) {
	m := packagePattern().FindStringSubmatch(name)
	if m == nil || len(m[1]) > maxRelease || strings.Count(m[1], ".") < 2 {
		return kernelPackage{}, false
	}
	return kernelPackage{Name: name, Release: m[1], Signed: m[2] == ""}, true
}

// pickPackage returns the best package for spec among names, false when there
// is none: the newest release; of one release the signed package, since that
// is the kernel Debian machines run and its modules, being signed, leave the
// kernel untainted. Right after an upload only the unsigned one exists.
func pickPackage(names []string, spec string) (kernelPackage, bool) {
	var best kernelPackage
	found := false
	for _, name := range names {
		p, ok := parseKernelPackage(name)
		if !ok || p.Release != spec && Series(p.Release) != spec {
			continue
		}
		c := 1
		if found {
			c = compareVersions(p.Release, best.Release)
		}
		if c > 0 || c == 0 && p.Signed && !best.Signed {
			best, found = p, true
		}
	}
	return best, found
}

// listSeries names the series of which there are packages, oldest first.
func listSeries(names []string) string {
	var all []string
	for _, name := range names {
		if p, ok := parseKernelPackage(name); ok && !slices.Contains(all, Series(p.Release)) {
			all = append(all, Series(p.Release))
		}
	}
	if len(all) == 0 {
		return "none for amd64"
	}
	slices.SortFunc(all, compareVersions)
	return strings.Join(all, ", ")
}
