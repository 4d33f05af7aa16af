package sim

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// Set changes what an administrator could change while the kernel runs:
// "policy=NAME" (the loader that is /sbin/modprobe), "modprobe=PATH"
// (kernel.modprobe), "umh=enabled|freezing|disabled", "helper=exit:0" (what
// stands in the place of modprobe); or throws one of the
// profile's switches, "kmod-max=2".
func (w *World) Set(text string) error {
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
			w.UMH = s
		default:
			return fmt.Errorf("usermode helper %q: enabled, freezing or disabled", value)
		}
	case "helper":
		return w.setHelper(value)
	default:
		if err := w.Profile.Set(text); err != nil {
			return err
		}
		w.permits.max = max(1, w.Profile.KmodMax)
	}
	return nil
}
