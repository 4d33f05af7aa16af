package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestMain lets the test program be what it starts itself as: a warden, or a
// kmodsh that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case WardenArg:
			os.Exit(WardenMain(os.Args[2:]))
		case fetcherArg:
			os.Exit(fetcherMain(os.Args[2:]))
		case victimArg:
			os.Exit(victimMain(os.Args[2:]))
		}
	}
	status := m.Run()
	if guestDir != "" {
		os.RemoveAll(guestDir)
	}
	os.Exit(status)
}

// requireVM says whether machines must be tested: without it a test that
// cannot run them is skipped.
func requireVM() bool { return os.Getenv("CI") == "true" || os.Getenv("KMODSH_REQUIRE_VM") != "" }

// cannot skips a test that needs machines, or fails it where they must be.
func cannot(t testing.TB, err error) {
	t.Helper()
	if requireVM() {
		t.Fatalf("no VM test: %v", err)
	}
	t.Skipf("no VM test: %v", err)
}

var (
	guestOnce sync.Once
	guestDir  string
	guestErr  error
)

// builtGuest returns the program for the guest: the one that $KMODSH_GUEST
// names, else a fresh build.
func builtGuest(t testing.TB) string {
	t.Helper()
	if p := os.Getenv(guestEnv); p != "" {
		return p
	}
	guestOnce.Do(func() {
		if guestDir, guestErr = os.MkdirTemp("", "kmodsh-guest-"); guestErr != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(guestDir, "kmodsh"), "example.org/kmodsh/cmd/kmodsh")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-trimpath")
		if out, err := cmd.CombinedOutput(); err != nil {
			guestErr = fmt.Errorf("building the guest's program: %w\n%s", err, out)
		}
	})
	if guestErr != nil {
		t.Fatal(guestErr)
	}
	return filepath.Join(guestDir, "kmodsh")
}

// qemuCache returns the cache of this user, and skips the test where there is
// no QEMU.
func qemuCache(t testing.TB) (*Cache, qemu) {
	t.Helper()
	q, err := findQEMU()
	if err != nil {
		cannot(t, err)
	}
	c, err := OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	return c, q
}

// vmCache returns the cache of this user with the kernel of the given series in
// it, which is fetched when it is not there.
func vmCache(t testing.TB, series string) *Cache {
	t.Helper()
	c, _ := qemuCache(t)
	c.UseGuest(builtGuest(t))
	_, err := c.Find(series)
	if errors.Is(err, kernel.ErrNotFound) {
		if _, err = c.Fetch(context.Background(), series, nil); err != nil {
			cannot(t, fmt.Errorf("no kernel %s: %w", series, err))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tbContext is a context for what is not meant to be given up.
func tbContext() context.Context { return context.Background() }
