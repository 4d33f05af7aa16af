package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// treeImage is the image in a kernel build tree.
const treeImage = "arch/x86/boot/bzImage"

// KernelFromPath returns the kernel a person named by path: a bzImage or
// vmlinux, or a kernel build tree, which holds arch/x86/boot/bzImage.
//
// modules is the kernel's module directory, or a directory that has it as
// lib/modules/RELEASE (INSTALL_MOD_PATH of make modules_install). It may be ""
// for a kernel that needs no modules, and for a build tree, whose own are taken
// then.
func KernelFromPath(image, modules string) (Kernel, error) {
	image, err := filepath.Abs(image)
	if err != nil {
		return Kernel{}, fmt.Errorf("kernel image: %w", err)
	}
	st, err := os.Stat(image)
	if err != nil {
		return Kernel{}, fmt.Errorf("kernel image: %w", err)
	}
	k := Kernel{Name: image, Source: SourcePath, Image: image}
	if tree, ok := strings.CutSuffix(image, "/"+treeImage); ok && !st.IsDir() {
		if _, err := os.Stat(filepath.Join(tree, "include/config/kernel.release")); err == nil {
			k.build = tree
		}
	}
	if st.IsDir() {
		k.build, k.Image = image, filepath.Join(image, treeImage)
		if _, err := os.Stat(k.Image); err != nil {
			return Kernel{}, fmt.Errorf("%s is no kernel build tree, or nothing is built in it: %w; build it: make bzImage modules", image, err)
		}
	}
	if k.Release, err = ImageRelease(k.Image); err != nil {
		return Kernel{}, err
	}
	if k.build != "" {
		release, err := releaseOfBuild(k.build)
		if err != nil {
			return Kernel{}, fmt.Errorf("kernel build tree %s: %w", k.build, err)
		}
		if release != k.Release {
			return Kernel{}, fmt.Errorf("kernel build tree %s: its image is %s but its configuration is %s; build it anew: make bzImage modules: %w",
				k.build, k.Release, release, kernel.ErrDamaged)
		}
	}
	if modules == "" {
		return k, nil
	}
	if k.Modules, err = moduleDir(modules, k.Release); err != nil {
		return Kernel{}, err
	}
	k.given = modules
	return k, nil
}

// moduleDir finds the module directory of release in dir.
func moduleDir(dir, release string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("module directory: %w", err)
	}
	st, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("module directory: %w", err)
	}
	if !st.IsDir() {
		return "", fmt.Errorf("module directory %s: not a directory", dir)
	}
	for _, sub := range []string{"lib/modules", "usr/lib/modules", "."} {
		if st, err := os.Stat(filepath.Join(dir, sub, release)); err == nil && st.IsDir() {
			return filepath.Join(dir, sub, release), nil
		}
	}
	for _, sign := range []string{"kernel", "modules.order", "modules.dep", "modules.builtin", "updates", "extra"} {
		if _, err := os.Stat(filepath.Join(dir, sign)); err != nil {
			continue
		}
		if base := filepath.Base(dir); checkRelease(base) == nil && base != release {
			return "", fmt.Errorf("module directory %s is of kernel %s, the image is %s", dir, base, release)
		}
		return dir, nil
	}
	return "", fmt.Errorf("module directory %s: no modules of %s in it (it should be a copy of /lib/modules/%[2]s, or hold lib/modules/%[2]s)", dir, release)
}
