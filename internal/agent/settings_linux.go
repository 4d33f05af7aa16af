package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

const (
	modprobeSysctl = "/proc/sys/kernel/modprobe"
	disabledSysctl = "/proc/sys/kernel/modules_disabled"
	// setConfig is the file of modprobe.d that holds what the setting config
	// has added. It is read last.
	setConfig = configDir + "/zz-kmodsh-set.conf"
	// setConfigMax bounds it in bytes.
	setConfigMax = 64 << 10
)

// guestSetting is one row of the table of settings.
type guestSetting struct {
	name, values, says string
	get                func(*debugger) string
	set                func(*debugger, string) error
}

// guestSettings is the table of what can be set in a guest. What a simulated
// kernel can switch beyond it a real one is.
func guestSettings() []guestSetting {
	return []guestSetting{
		{"policy", "NAME", "The policy that /sbin/modprobe works by.", (*debugger).getPolicy, (*debugger).setPolicy},
		{"modprobe", "PATH", "The program a request starts, kernel.modprobe.", func(*debugger) string {
			path, _ := readLine(modprobeSysctl)
			return path
		}, func(_ *debugger, path string) error {
			if len(path) > 255 || strings.ContainsAny(path, "\n\x00") {
				return fmt.Errorf("modprobe path of %d bytes: the kernel takes a line of up to 255", len(path))
			}
			return writeFile(modprobeSysctl, path+"\n")
		}},
		{"umh", strings.Join(inject.UMHStates, "|"), "Whether the usermode helper may start programs.", (*debugger).getUMH, (*debugger).setUMH},
		{"helper", helperForms, "What /sbin/modprobe does when it is started.", func(d *debugger) string { return d.helperText() }, (*debugger).setHelper},
		{"config", "LINE", "A line more in modprobe.d; none takes them all out again.", func(*debugger) string {
			b, _ := os.ReadFile(setConfig)
			return strings.ReplaceAll(strings.TrimSpace(string(b)), "\n", "; ")
		}, func(_ *debugger, line string) error { return addConfig(line) }},
		{"rootfs", "thawed|frozen", "Whether the root file system answers: frozen, programs on it wait in their exec.", (*debugger).getRootfs, (*debugger).setRootfs},
		{"switch-root", "keep|lose|kill", "Switches the root: helpers keep their files, lose them, or are killed. Shown is how often.", (*debugger).getRoots, (*debugger).switchRoot},
		{"modules_disabled", "1", "kernel.modules_disabled: no module is loaded or unloaded any more, for good.", func(*debugger) string {
			v, _ := readLine(disabledSysctl)
			return v
		}, func(_ *debugger, value string) error {
			if value != "1" {
				return fmt.Errorf("modules_disabled %q: the kernel takes 1 only", clipText(value, 16))
			}
			return writeFile(disabledSysctl, "1")
		}},
	}
}

func (d *debugger) getPolicy() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.policy == "" {
		return kmod.PolicyVerified
	}
	return d.policy
}

func (d *debugger) setPolicy(name string) error {
	if _, err := kmod.PolicyByName(name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.policy = name
	return nil
}

func (d *debugger) helperText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.helper == "" {
		return "real"
	}
	return d.helper
}

func (d *debugger) setHelper(form string) error {
	f, err := readHelper(form)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := placeHelper(f.kind); err != nil {
		return err
	}
	if d.helper = form; f.kind == "real" {
		d.helper = ""
	}
	return nil
}

// getUMH is the state of the usermode helper; without the test driver, which
// alone can change it here, it is enabled.
func (d *debugger) getUMH() string {
	if dr := d.driver(); dr != nil {
		if list, err := dr.state(context.Background()); err == nil {
			if s := umhOf(list); s != "" {
				return s
			}
		}
	}
	return inject.UMHStates[0]
}

// umhOf is the state of the usermode helper in the driver's account of the
// kernel, "" when it is not told.
func umhOf(list []inject.Event) string {
	for _, e := range list {
		if e.Kind == inject.Helpers && slices.Contains(inject.UMHStates, e.Name) {
			return e.Name
		}
	}
	return ""
}

func (d *debugger) setUMH(state string) error {
	if !slices.Contains(inject.UMHStates, state) {
		return fmt.Errorf("usermode helper %q: enabled, freezing or disabled", clipText(state, 16))
	}
	dr := d.driver()
	if dr == nil {
		return d.errNoDriver("another state of the usermode helper")
	}
	return dr.send(inject.UMH{State: state})
}

// addConfig adds a line to modprobe.d, or takes out all that were added.
func addConfig(line string) error {
	if line == "" {
		if err := os.Remove(setConfig); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	if strings.ContainsAny(line, "\n\x00") {
		return errors.New("config: one line at a time")
	}
	b, err := os.ReadFile(setConfig)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(b)+len(line) > setConfigMax {
		return fmt.Errorf("config: more than %d bytes", setConfigMax)
	}
	return os.WriteFile(setConfig, append(b, line+"\n"...), 0o644)
}

func (d *debugger) doSet(_ context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Setting](raw)
	if err != nil {
		return nil, err
	}
	name, value, ok := strings.Cut(a.Text, "=")
	if !ok {
		return nil, fmt.Errorf("%q: want name=value", clipText(a.Text, 64))
	}
	for _, s := range guestSettings() {
		if s.name == name {
			return nil, asWords(s.set(d, value))
		}
	}
	return nil, &kernel.UnsupportedError{Op: kernel.OpDebug, Why: "a real kernel has no setting " + clipText(name, 64)}
}

// asWords makes a refusal that is not the system's one of the person's words.
func asWords(err error) error {
	var no *kernel.UnsupportedError
	if err == nil || kernel.ErrnoOf(err) != 0 || errors.As(err, &no) {
		return err
	}
	return &kernel.WordsError{Msg: err.Error()}
}

func (d *debugger) doSettings(context.Context, json.RawMessage) (any, error) {
	list := []kernel.Setting{}
	for _, s := range guestSettings() {
		list = append(list, kernel.Setting{Name: s.name, Values: s.values, Value: s.get(d), Says: s.says})
	}
	return list, nil
}
