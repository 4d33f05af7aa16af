package lab

import (
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel/klog"
)

// OwnKernelEnv names a build tree of a kernel that has what distributions leave
// out: CONFIG_PROVE_LOCKING, CONFIG_DEBUG_ATOMIC_SLEEP and more of
// docs/own-kernel.md, and the module dummy.
const OwnKernelEnv = "KMODSH_OWN_KERNEL"

// TestVMOwnDriver runs every check of the driver in a guest of a kernel that
// watches its locks: it has nothing to report of ours. Checks need CONFIG_SECURITY,
// CONFIG_MODULE_SIG, CONFIG_PM_DEBUG and the module nbd besides; one that cannot
// be done is logged, and how it went is not judged here.
func TestVMOwnDriver(t *testing.T) {
	path := os.Getenv(OwnKernelEnv)
	if path == "" {
		t.Skip("needs a kernel with lockdep: " + OwnKernelEnv + "=TREE, docs/own-kernel.md")
	}
	c, err := OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	k, err := KernelFromPath(path, "")
	if err != nil {
		t.Fatal(err)
	}
	config, err := k.config(true)
	if err != nil || !config.has("PROVE_LOCKING") || !config.has("DEBUG_ATOMIC_SLEEP") {
		t.Fatalf("%s watches neither its locks nor who sleeps: %v", path, err)
	}
	if k, _, err = c.tree(t.Context(), k, nil); err != nil {
		t.Fatal(err)
	}
	g := driverGuestOf(t, c, k)
	var log []string
	g.heard = func(line string) { log = append(log, line) }
	said := g.run(t, "ignore_loglevel")
	if len(said) == 0 || said[len(said)-1] != "all done" {
		t.Error("the guest did not come to its end")
	}
	for _, line := range said { // a small kernel lacks what some checks need
		t.Log(line)
	}
	for _, r := range klog.Parse(log) {
		t.Errorf("%s:\n%s", r.Title, strings.Join(r.Lines, "\n"))
	}
}
