package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

func TestDoctor(t *testing.T) {
	c := testCache(t)
	c.UseGuest(guestProgram(t, ""))
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	accelerator := func(context.Context) Check { return Check{Name: "accelerator", State: CheckWarn, Detail: "tcg"} }
	find := func(name string) Check {
		t.Helper()
		for _, ch := range c.Doctor(context.Background(), accelerator) {
			if ch.Name == name {
				return ch
			}
		}
		t.Fatalf("no check %q", name)
		return Check{}
	}
	for name, fix := range map[string]string{
		"qemu-system-x86_64": "apt-get install -y --no-install-recommends qemu-system-x86",
		"mksquashfs":         "apt-get install -y --no-install-recommends squashfs-tools",
	} {
		if ch := find(name); ch.State != CheckMissing || !strings.HasSuffix(ch.Fix, fix) || strings.HasPrefix(ch.Fix, "sudo ") != (os.Geteuid() != 0) {
			t.Errorf("%+v, want fix %q", ch, fix)
		}
		writeFile(t, filepath.Join(bin, name), "#!/bin/sh\n")
		if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if ch := find(name); ch.State != CheckOK || ch.Fix != "" {
			t.Errorf("%+v, want ok", ch)
		}
	}
	if ch := find("apt"); ch.State != CheckWarn {
		t.Errorf("%+v, want a warning", ch)
	}
	if ch := find("accelerator"); ch.Detail != "tcg" {
		t.Errorf("%+v", ch)
	}
	if ch := find("guest program"); ch.State != CheckOK {
		t.Errorf("%+v", ch)
	}
	c.UseGuest("/none")
	if ch := find("guest program"); ch.State != CheckMissing || ch.Fix == "" {
		t.Errorf("%+v, want missing", ch)
	}
	if ch := find("cache"); !strings.Contains(ch.Detail, c.Dir()) {
		t.Errorf("%+v", ch)
	}
}

func TestInstall(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if err := Install(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no apt") {
		t.Errorf("without apt: %v", err)
	}
	// An apt that has lists only after an update.
	writeFile(t, filepath.Join(bin, "apt-get"), `#!/bin/sh
PATH=/usr/bin:/bin
cd '`+bin+`'
case "$*" in
*update*) touch lists;;
*install*qemu-system-x86*squashfs-tools*) [ -f lists ] || { echo "E: Unable to locate package qemu-system-x86" >&2; exit 100; }
	cp apt-get qemu-system-x86_64; cp apt-get mksquashfs;;
*) exit 1;;
esac
`)
	if err := os.Chmod(filepath.Join(bin, "apt-get"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := Install(context.Background(), nil)
	if os.Geteuid() != 0 {
		if err == nil || !strings.Contains(err.Error(), "sudo apt-get install -y --no-install-recommends qemu-system-x86 squashfs-tools") {
			t.Errorf("not root: %v", err)
		}
		return
	}
	if err != nil {
		t.Errorf("as root: %v", err)
	}
	if err := Install(context.Background(), nil); err != nil {
		t.Errorf("nothing missing: %v", err)
	}
}

func TestAptErrors(t *testing.T) {
	tests := []struct{ output, want string }{
		{"E: Failed to fetch http://x/y.deb  404  Not Found [IP: 1]", "out of date"},
		{"Err:1 http://x\n  Temporary failure resolving 'x'\nE: Unable to fetch", "cannot be reached"},
		{"E: You don't have enough free space in /var/cache/apt/archives/.", "no space left"},
		{"E: Could not open lock file - open (13: Permission denied)", "no permission"},
		{"W: some\nE: what went wrong\nmore", "E: what went wrong"},
	}
	for _, tt := range tests {
		err := aptError("apt-get", "download", errors.New("exit status 100"), []byte(tt.output))
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", tt.output, err, tt.want)
		}
	}
}

func TestHostRelease(t *testing.T) {
	c := testCache(t)
	if _, err := c.Find(SourceHost); err != nil && !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("Find(host): %v", err)
	}
}
