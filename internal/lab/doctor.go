package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// States of a Check.
const (
	CheckOK      = "ok"
	CheckMissing = "missing" // nothing runs without it
	CheckWarn    = "warn"    // works, but not well
)

// Check is one line of what the doctor found.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"`         // one of the Check constants
	Detail string `json:"detail"`        // what was found
	Fix    string `json:"fix,omitempty"` // the exact command that mends it, or line for the kernel's configuration
	// OfKernel says that it is about a person's own kernel, not about this machine.
	OfKernel bool `json:"of_kernel,omitempty"`
}

// tools are the programs that the lab runs, with the Debian packages that
// have them.
var tools = []struct{ name, pkg string }{
	{"qemu-system-x86_64", "qemu-system-x86"},
	{"mksquashfs", "squashfs-tools"},
}

// lowSpace is how many free bytes the doctor wants below the cache: a fetched
// kernel takes up to 600 MB with its disk image, a saved machine 100 MB.
const lowSpace = 2 << 30

// Doctor looks whether machines can be run here. accelerator, when not nil,
// adds the check of the accelerator.
func (c *Cache) Doctor(ctx context.Context, accelerator func(context.Context) Check) []Check {
	var checks []Check
	for _, t := range tools {
		checks = append(checks, checkTool(t.name, t.pkg))
	}
	checks = append(checks, checkFetch())
	if accelerator != nil {
		checks = append(checks, accelerator(ctx))
	}
	return append(checks, c.checkProgram(), c.checkKernels(), c.checkDriver(), c.checkFiles(), c.checkCache())
}

func checkTool(name, pkg string) Check {
	path, err := exec.LookPath(name)
	if err != nil {
		return Check{Name: name, State: CheckMissing, Detail: "not installed", Fix: installCommand(pkg)}
	}
	return Check{Name: name, State: CheckOK, Detail: path}
}

func checkFetch() Check {
	if err := haveApt(); err != nil {
		return Check{Name: "apt", State: CheckWarn, Detail: err.Error()}
	}
	return Check{Name: "apt", State: CheckOK, Detail: "kernels can be fetched as Debian packages"}
}

func (c *Cache) checkProgram() Check {
	f, err := c.openGuest()
	if err != nil {
		return Check{Name: "guest program", State: CheckMissing, Detail: err.Error(),
			Fix: "CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o kmodsh ./cmd/kmodsh"}
	}
	defer f.Close()
	return Check{Name: "guest program", State: CheckOK, Detail: "static, for x86-64"}
}

func (c *Cache) checkKernels() Check {
	const fix = "kmodsh lab fetch 6.1"
	ks, err := c.Kernels()
	if err != nil {
		return Check{Name: "kernels", State: CheckMissing, Detail: err.Error()}
	}
	if len(ks) == 0 {
		return Check{Name: "kernels", State: CheckMissing, Detail: "none fetched and none of this machine's readable", Fix: fix}
	}
	var names []string
	for _, k := range ks {
		names = append(names, fmt.Sprintf("%s (%s)", k.Release, k.Source))
	}
	return Check{Name: "kernels", State: CheckOK, Detail: strings.Join(names, ", ")}
}

// checkFiles reads the disk images, initramfs images and saved machines: those
// that are not what was written.
func (c *Cache) checkFiles() Check {
	const name = "files"
	saved, _ := filepath.Glob(filepath.Join(c.VMs(), savedDir, "*"))
	disks, _ := filepath.Glob(c.path(disksDir, "*"))
	n, other := 0, 0
	initrds, _ := filepath.Glob(c.path(initrdsDir, "*"))
	for _, path := range slices.Concat(disks, initrds, saved) {
		switch _, err := checkSeal(path, true); {
		case errors.Is(err, errNotSealed):
			other++
		case isDamaged(err):
			return Check{Name: name, State: CheckWarn, Detail: err.Error() + "; it is made again once it is gone", Fix: "rm " + path}
		case err == nil:
			n++
		}
	}
	detail := fmt.Sprintf("%d disk images, initramfs images and saved machines are what was written", n)
	if other > 0 {
		detail += fmt.Sprintf("; %d of another version, or cut off, are not used", other)
	}
	return Check{Name: name, State: CheckOK, Detail: detail}
}

// checkDriver looks whether the kernels here have their test driver, or could.
func (c *Cache) checkDriver() Check {
	const name = "test driver"
	ks, err := c.fetched()
	if err != nil {
		return Check{Name: name, State: CheckWarn, Detail: err.Error()}
	}
	var have, without []string
	for _, k := range ks {
		if _, err := c.FindDriver(k); err == nil {
			have = append(have, k.Release)
		} else {
			without = append(without, k.Release)
		}
	}
	if len(without) == 0 && len(have) > 0 {
		return Check{Name: name, State: CheckOK, Detail: "built for " + strings.Join(have, ", ")}
	}
	detail := "not built, so threads of a real kernel stop only in their loaders"
	if len(without) > 0 {
		detail = "not built for " + strings.Join(without, ", ")
	}
	for _, tool := range []string{"make", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return Check{Name: name, State: CheckWarn, Detail: detail + "; " + tool + " is not installed", Fix: installCommand("make", "gcc")}
		}
	}
	return Check{Name: name, State: CheckWarn, Detail: detail, Fix: "kmodsh lab driver build"}
}

// KernelChecks are the checks of a person's own kernel: its configuration, and
// whether the test driver was built for it.
func (c *Cache) KernelChecks(k Kernel) []Check {
	const name = "its test driver"
	checks := k.ConfigChecks()
	d, err := c.FindDriver(k)
	if err != nil {
		return append(checks, Check{Name: name, State: CheckWarn, Detail: "not built for " + k.Release, Fix: DriverHint(k)})
	}
	return append(checks, Check{Name: name, State: CheckOK, Detail: d.Path})
}

func (c *Cache) checkCache() Check {
	free, err := freeSpace(c.dir)
	if err != nil {
		return Check{Name: "cache", State: CheckWarn, Detail: err.Error()}
	}
	detail := fmt.Sprintf("%s: %d MB used, %d MB free", c.dir, diskUse(c.dir)>>20, free>>20)
	if free < lowSpace {
		return Check{Name: "cache", State: CheckWarn, Detail: detail, Fix: "export " + CacheEnv + "=DIRECTORY on a larger disk"}
	}
	return Check{Name: "cache", State: CheckOK, Detail: detail}
}
