package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// installCommand returns the command that installs Debian packages, as this
// user has to type it.
func installCommand(pkgs ...string) string {
	s := "apt-get install -y --no-install-recommends " + strings.Join(pkgs, " ")
	if os.Geteuid() != 0 {
		s = "sudo " + s
	}
	return s
}

// missingPackages returns the Debian packages of the tools that are not here.
func missingPackages() []string {
	var pkgs []string
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err != nil {
			pkgs = append(pkgs, t.pkg)
		}
	}
	return pkgs
}

// MissingTools returns an error that holds the command which installs the tools
// that are not here, nil when all are.
func MissingTools() error {
	if pkgs := missingPackages(); len(pkgs) > 0 {
		return fmt.Errorf("%s missing; install: %s", strings.Join(pkgs, " and "), installCommand(pkgs...))
	}
	return nil
}

// Install installs the tools that are missing, when this user is root and apt
// is here. Otherwise the error holds the exact command to type.
func Install(ctx context.Context, p Progress) error {
	pkgs := missingPackages()
	if len(pkgs) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("the packages that hold %s are missing, and there is no apt to install them; install QEMU (qemu-system-x86_64) and squashfs-tools (mksquashfs) in this system's own way", strings.Join(pkgs, " and "))
	}
	if os.Geteuid() != 0 {
		return MissingTools()
	}
	a := systemApt()
	err := a.install(ctx, pkgs, p)
	if errors.Is(err, errStale) {
		// A fresh container has no package lists, an old one lists of files
		// that are gone.
		if err = a.update(ctx, p); err == nil {
			err = a.install(ctx, pkgs, p)
		}
	}
	if err != nil {
		return fmt.Errorf("installing %s: %w; try: apt-get update && %s", strings.Join(pkgs, " and "), err, installCommand(pkgs...))
	}
	if left := missingPackages(); len(left) > 0 {
		return fmt.Errorf("apt-get installed %s, but their programs are not in PATH", strings.Join(left, " and "))
	}
	return nil
}

func (a apt) install(ctx context.Context, pkgs []string, p Progress) error {
	text := strings.Join(pkgs, ", ")
	p.step("install", 0, 100, text)
	hear := func(percent float64, _ string) { p.step("install", int64(percent), 100, text) }
	return a.run(ctx, "", hear, append([]string{"install", "-y", "--no-install-recommends"}, pkgs...)...)
}
