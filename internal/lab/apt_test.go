package lab

import (
	"context"
	"testing"
)

// TestRealApt asks the apt of this machine for the kernels it knows; nothing is
// fetched, which the tests that boot a kernel do.
func TestRealApt(t *testing.T) {
	if err := haveApt(); err != nil {
		t.Skip(err)
	}
	names, err := systemApt().packages(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var spec string
	for _, name := range names {
		if p, ok := parseKernelPackage(name); ok {
			spec = Series(p.Release)
			break
		}
	}
	if spec == "" {
		t.Skip("apt's package lists here name no Debian kernel for amd64")
	}
	f, found, err := find(context.Background(), systemApt(), spec)
	if err != nil || !found {
		t.Fatalf("series %s: found %v, %v", spec, found, err)
	}
	if Series(f.pkg.Release) != spec || f.Version == "" || f.Size < 1<<20 || f.Installed < f.Size {
		t.Errorf("series %s: %+v %+v", spec, f.pkg, f.record)
	}
}
