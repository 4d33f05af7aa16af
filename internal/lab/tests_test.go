package lab

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// TestLacksATestModule: a test module that was not built for a kernel is the
// lab's lack, with the command that mends it, unless the kernel's own tree has a
// module of that name.
func TestLacksATestModule(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "kernel/misc/slow.ko.xz"), "")
	vm := newTarget("vm:mine", nil)
	vm.boot = Boot{NoTests: true, Kernel: Kernel{Name: "/src/linux", Release: "6.13.0", Source: SourcePath, Modules: dir}}
	for name, want := range map[string]bool{"victim": true, "test-module": true, "slow": false, "minix": false} {
		err := vm.lacks(name)
		var no *kernel.UnsupportedError
		if got := errors.As(err, &no); got != want || want && !strings.Contains(no.Error(), "kmodsh --kernel /src/linux lab driver build") {
			t.Errorf("%s: %v", name, err)
		}
	}
	vm.boot.NoTests = false
	if err := vm.lacks("victim"); err != nil {
		t.Errorf("with test modules: %v", err)
	}
}

// TestOpenedWith: a kernel of a person's own is told of also where it came without
// modules, so that it has no tree; a fetched one is found by its name.
func TestOpenedWith(t *testing.T) {
	vm := newTarget("vm:bzImage", nil)
	vm.configPaths = []string{"/conf"}
	for _, tt := range []struct {
		kernel Kernel
		want   string
	}{
		{Kernel{Release: "6.13.0", Source: SourcePath}, "6.13.0"},
		{Kernel{Release: "6.13.0", Source: SourcePath, Modules: "/lib/modules/6.13.0"}, "6.13.0"},
		{Kernel{Release: "6.12.117+deb12-amd64", Source: SourceFetched, Modules: "/x"}, ""},
	} {
		vm.boot.Kernel = tt.kernel
		if d := cmp.Diff(kernel.Opening{Config: vm.configPaths, Kernel: tt.want}, vm.OpenedWith()); d != "" {
			t.Errorf("%+v: %s", tt.kernel, d)
		}
	}
}
