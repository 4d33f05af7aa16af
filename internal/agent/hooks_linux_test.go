package agent

import (
	"strings"
	"testing"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/trace"
)

// TestWhyNot: of a point that a kernel lacks its function is named, and the
// option that brings it.
func TestWhyNot(t *testing.T) {
	for id, want := range map[string]string{
		"R4":  "built without CONFIG_SECURITY, so there is no security_kernel_module_request",
		"L2":  "built without CONFIG_MODULE_SIG, so there is no module_sig_check",
		"L12": "built without CONFIG_LIVEPATCH",
		"W4":  "no function module_param_sysfs_setup, or has inlined it",
	} {
		p, ok := trace.LookupPoint(id)
		if got := whyNot(p, "6.12"); !ok || !strings.Contains(got, want) {
			t.Errorf("%s: %q", id, got)
		}
	}
	hooked := map[string]bool{}
	for _, h := range inject.TableHooks("6.12") {
		hooked[h.Func] = true
	}
	for f := range optionalFunctions {
		if !hooked[f] {
			t.Errorf("%s is of no point", f)
		}
	}
}
