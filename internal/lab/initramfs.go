package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/agent/wire"
)

// initrdFormat names the kind of initramfs and the version of its maker.
const initrdFormat = "initramfs 3"

// applets are the names under which the guest finds kmodsh, besides /init.
// /sbin/modprobe is where the kernel looks (CONFIG_MODPROBE_PATH).
var applets = []string{"modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod"}

// initrd returns the initramfs for a kernel: the guest's program, its
// configuration, either the modules that the disk needs or the whole tree, and
// the test driver where it was built.
func (c *Cache) initrd(ctx context.Context, k Kernel, tree string, cfg wire.BootConfig, p Progress) (string, error) {
	driver, err := c.FindDriver(k)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	guest, err := c.openGuest()
	if err != nil {
		return "", err
	}
	defer guest.Close()
	key := newFingerprint(initrdFormat)
	n, err := io.Copy(key.h, guest)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", guest.Name(), err)
	}
	boot, err := json.Marshal(cfg)
	if err != nil {
		return "", err
	}
	key.add(string(boot), tree)
	if driver.Path != "" {
		key.add(filepath.Base(driver.Path))
	}
	name := k.Release + "_" + key.key()
	if err := c.dropDamaged(initrdsDir, name, "initramfs", p); err != nil {
		return "", err
	}
	err = c.once(ctx, initrdsDir, name, p, func(to string) error {
		p.step("initramfs", 0, 0, k.Release)
		if _, err := guest.Seek(0, io.SeekStart); err != nil {
			return err
		}
		w := initramfs{kernel: k, config: cfg, boot: boot, guest: guest, guestSize: n, driver: driver.Path}
		if len(cfg.Early) > 0 {
			tmp, err := c.TempDir("early")
			if err != nil {
				return err
			}
			defer tmp.Close()
			w.early = filepath.Join(tmp.Path, k.Release)
			if err := makeEarly(ctx, k, cfg.Early, w.early); err != nil {
				return fmt.Errorf("the modules for the disk: %w", err)
			}
		}
		return w.write(ctx, to)
	})
	if err != nil {
		return "", fmt.Errorf("making the initramfs of %s: %w", k.Release, err)
	}
	return c.path(initrdsDir, name), nil
}

// initramfs is what goes into one.
type initramfs struct {
	kernel    Kernel
	config    wire.BootConfig
	boot      []byte    // the config as JSON
	guest     io.Reader // static kmodsh
	guestSize int64
	early     string // directory that becomes wire.EarlyDir/RELEASE, "" for none
	driver    string // file that becomes wire.DriverFile, "" for none
}

func (w initramfs) write(ctx context.Context, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = w.writeTo(ctx, f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return seal(to)
}

func (w initramfs) writeTo(ctx context.Context, out io.Writer) error {
	a := newCPIO(out)
	// The kernel opens /dev/console for init before anybody can mount
	// devtmpfs (console_on_rootfs of init/main.c).
	a.Char("/dev/console", 0o600, 5, 1)
	a.Char("/dev/null", 0o666, 1, 3)
	modules := "/lib/modules/" + w.kernel.Release
	for _, dir := range []string{"/proc", "/sys", "/run", "/tmp", "/mnt", "/root", "/etc/modprobe.d", modules} {
		a.Dir(dir)
	}
	a.File(wire.BootFile, 0o644, int64(len(w.boot)), strings.NewReader(string(w.boot)))
	a.File("/init", 0o755, w.guestSize, w.guest)
	for _, name := range applets {
		a.Symlink("/sbin/"+name, "/init")
	}
	for _, name := range []string{"sh", "true", "false"} {
		a.Symlink("/bin/"+name, "/init")
	}
	if w.driver != "" {
		if err := addFile(a, w.driver, wire.DriverFile); err != nil {
			return err
		}
	}
	if w.early != "" {
		if err := addTree(ctx, a, w.early, wire.EarlyDir+"/"+w.kernel.Release); err != nil {
			return err
		}
	}
	if w.config.Carrier == wire.CarrierInitramfs && w.kernel.Modules != "" {
		if err := addTree(ctx, a, w.kernel.Modules, modules); err != nil {
			return err
		}
	}
	return a.CloseForSeal()
}

// addTree adds the directories and regular files below dir as to; a link to a
// file becomes the file.
func addTree(ctx context.Context, a *cpioWriter, dir, to string) error {
	list, err := walkTree(dir)
	if err != nil {
		return err
	}
	a.Dir(to)
	for _, t := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.entry.IsDir() {
			a.Dir(path.Join(to, t.path))
			continue
		}
		if err := addFile(a, filepath.Join(dir, t.path), path.Join(to, t.path)); err != nil {
			return err
		}
	}
	return a.err
}

func addFile(a *cpioWriter, from, to string) error {
	st, err := os.Stat(from)
	if err != nil || !st.Mode().IsRegular() {
		return nil // a dangling link, a directory elsewhere
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err = f.Stat(); err != nil {
		return err
	}
	a.File(to, 0o644, st.Size(), f)
	return a.err
}
