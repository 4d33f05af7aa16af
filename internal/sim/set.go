package sim

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// Set changes what an administrator could change while the kernel runs:
// "policy=NAME" (the loader that is /sbin/modprobe), "modprobe=PATH"
// (kernel.modprobe), "umh=enabled|freezing|disabled", "helper=exit:0" (what
// stands in the place of modprobe), "rootfs=frozen|thawed" (whether the root
// answers), "switch-root=keep|lose|kill", "config=LINE" (a line more in
// modprobe.d), "modules_disabled=1" (for good),
// "module_blacklist=a,b"; or throws one of the profile's switches,
// "kmod-max=2".
func (w *World) Set(text string) error {
	w.settings = 0
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q: want name=value", text)
	}
	switch name {
	case "policy":
		if _, err := kmod.PolicyByName(value); err != nil {
			return err
		}
		w.Policy = value
	case "modprobe":
		if len(value) > 255 {
			return fmt.Errorf("modprobe path of %d bytes: the kernel takes 255", len(value))
		}
		w.ModprobePath = value
	case "umh":
		switch s := UMHState(value); s {
		case UMHEnabled, UMHFreezing, UMHDisabled:
			w.setUMH(s)
		default:
			return fmt.Errorf("usermode helper %q: enabled, freezing or disabled", value)
		}
	case "helper":
		return w.setHelper(value)
	case "config":
		return w.configure(value)
	case "rootfs":
		if value != "frozen" && value != "thawed" {
			return fmt.Errorf("rootfs %q: frozen or thawed", value)
		}
		w.rootFrozen = value == "frozen"
		w.wake(&w.rootQ, -1)
	case "switch-root":
		return w.switchRoot(value)
	case "modules_disabled":
		if value != "1" { // kernel/sysctl.c: it can be set, never cleared
			return fmt.Errorf("modules_disabled %q: the kernel takes 1 only", value)
		}
		w.modulesDisabled = true
	case "module_blacklist":
		w.blacklist = nil
		for _, name := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' }) {
			w.blacklist = append(w.blacklist, kernel.Normalize(name))
		}
	default:
		if err := w.Profile.Set(text); err != nil {
			return err
		}
		w.permits.max = max(1, w.Profile.KmodMax)
	}
	return nil
}
