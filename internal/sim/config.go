package sim

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// settingsFile is the modprobe.d file that the setting config writes to.
const settingsFile = "set.conf"

// maxConfig bounds what the setting config may write, in bytes.
const maxConfig = 16 << 10

// modprobeConfig is what an administrator has written to modprobe.d since the
// system was booted.
type modprobeConfig struct {
	text     string
	resolver *kmod.Resolver // of that text, made when it is first needed
}

// configure adds a line to the configuration of modprobe; an empty one takes
// all such lines back. Who has started already keeps what it has read.
func (w *World) configure(line string) error {
	if line == "" {
		w.config = modprobeConfig{}
		return nil
	}
	text := w.config.text + line + "\n"
	if len(text) > maxConfig {
		return fmt.Errorf("the configuration of modprobe would be longer than %d bytes", maxConfig)
	}
	if _, err := (&kmod.Config{}).WithText(settingsFile, line); err != nil {
		return err
	}
	w.config = modprobeConfig{text: text}
	return nil
}

// resolverIn is the resolver of a process that starts in w now.
func (s *System) resolverIn(w *World) *kmod.Resolver {
	if w.config.text == "" {
		return s.resolver
	}
	if w.config.resolver == nil {
		c, err := s.config.WithText(settingsFile, w.config.text)
		if err != nil {
			return s.resolver // not reached: configure has read each line
		}
		w.config.resolver = kmod.NewResolver(s.resolver.Tree(), c)
	}
	return w.config.resolver
}

// adminSettings are the settings of the machine around the kernel.
func (w *World) adminSettings() []kernel.Setting {
	root := "thawed"
	if w.rootFrozen {
		root = "frozen"
	}
	disabled := "0"
	if w.modulesDisabled {
		disabled = "1"
	}
	return []kernel.Setting{
		{Name: "config", Values: "LINE", Value: strings.TrimSuffix(strings.ReplaceAll(w.config.text, "\n", "; "), "; "),
			Says: "A line added to modprobe.d; an empty one takes them back."},
		{Name: "rootfs", Values: "thawed|frozen", Value: root, Says: "Whether the root file system answers: frozen, programs on it wait in their exec."},
		{Name: "switch-root", Values: "keep|lose|kill", Value: fmt.Sprint(w.root),
			Says: "Switches the root: helpers keep their files, lose them, or are killed. Shown is how often."},
		{Name: "modules_disabled", Values: "1", Value: disabled, Says: "kernel.modules_disabled: nothing can be loaded or unloaded any more."},
		{Name: "module_blacklist", Values: "NAME,...", Value: strings.Join(w.blacklist, ","), Says: "Modules that the kernel itself refuses."},
	}
}
