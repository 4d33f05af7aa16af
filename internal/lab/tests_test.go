package lab

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

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
