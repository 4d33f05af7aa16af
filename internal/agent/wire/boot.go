package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// BootFile is where the guest's init finds its BootConfig.
const BootFile = "/etc/kmodsh/boot.json"

// EarlyDir is where the modules for the disk are, in the form of /lib/modules:
// EarlyDir/RELEASE with its indexes.
const EarlyDir = "/lib/modules-early"

// DriverFile is where the guest finds the test driver, if the lab has it; it is
// loaded when it is first needed.
const DriverFile = "/kmodsh/driver.ko"

// CountedClock is the word on the kernel's command line that says that the
// guest's clock goes on by counted instructions: it needs a keeper.
const CountedClock = "kmodsh.clock=counted"

// Carrier says how the module tree comes to the guest.
type Carrier string

// The carriers.
const (
	CarrierBlock     Carrier = "block"     // a read-only squashfs on a block device
	CarrierInitramfs Carrier = "initramfs" // in the initramfs, at /lib/modules/RELEASE
)

// BootConfig tells the guest's init what to do before it serves.
type BootConfig struct {
	Release string   `json:"release"` // the kernel's, and the name of the module directory
	Carrier Carrier  `json:"carrier"`
	Disk    string   `json:"disk,omitempty"`  // block device with the module tree, of a CarrierBlock
	Early   []string `json:"early,omitempty"` // modules to load from EarlyDir before the disk, in order
	Link    string   `json:"link"`            // device of the link to the lab
	// DriverHint is the command that builds the test driver, where it is not the usual one.
	DriverHint string `json:"driver_hint,omitempty"`
}

// maxBoot is the largest BootFile in bytes, maxEarly the most early modules.
const (
	maxBoot  = 64 << 10
	maxEarly = 64
)

// ParseBoot reads and checks the content of a BootFile.
func ParseBoot(b []byte) (BootConfig, error) {
	if len(b) > maxBoot {
		return BootConfig{}, fmt.Errorf("%s: %d bytes, the limit is %d", BootFile, len(b), maxBoot)
	}
	var c BootConfig
	if err := json.Unmarshal(b, &c); err != nil {
		return BootConfig{}, fmt.Errorf("%s: %w", BootFile, err)
	}
	if err := c.Validate(); err != nil {
		return BootConfig{}, fmt.Errorf("%s: %w", BootFile, err)
	}
	return c, nil
}

// Validate returns an error that names the first field that makes no sense.
func (c BootConfig) Validate() error {
	// The longest release is __NEW_UTS_LEN, include/uapi/linux/utsname.h.
	if !plainName(c.Release, 64, "._+-~:") || c.Release[0] < '0' || c.Release[0] > '9' {
		return fmt.Errorf("release %.70q is no kernel release", c.Release)
	}
	switch c.Carrier {
	case CarrierBlock:
		if !device(c.Disk) {
			return fmt.Errorf("disk %.70q is no device in /dev", c.Disk)
		}
	case CarrierInitramfs:
		if c.Disk != "" || len(c.Early) > 0 {
			return fmt.Errorf("carrier %q takes no disk and no early modules", c.Carrier)
		}
	default:
		return fmt.Errorf("carrier %.70q is neither %q nor %q", c.Carrier, CarrierBlock, CarrierInitramfs)
	}
	if len(c.Early) > maxEarly {
		return fmt.Errorf("early: %d modules, the limit is %d", len(c.Early), maxEarly)
	}
	for _, m := range c.Early {
		if !plainName(m, 55, "_-+") { // kernel.MaxModuleName
			return fmt.Errorf("early: %.70q is no module name", m)
		}
	}
	if !device(c.Link) {
		return fmt.Errorf("link %.70q is no device in /dev", c.Link)
	}
	return nil
}

// device says whether path is /dev/NAME or /dev/DIR/NAME, with plain names.
func device(path string) bool {
	rest, ok := strings.CutPrefix(path, "/dev/")
	if !ok || len(path) > 128 || strings.Count(rest, "/") > 1 {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if !plainName(part, 64, "._-") || part[0] == '.' {
			return false
		}
	}
	return true
}

// plainName says whether s has 1 to limit letters, digits and characters of
// more.
func plainName(s string, limit int, more string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(more, c) >= 0 {
			continue
		}
		return false
	}
	return true
}
