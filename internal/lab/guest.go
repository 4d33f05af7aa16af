package lab

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// guestEnv is the environment variable that names the kmodsh binary for the
// guest, for a kmodsh that cannot be that itself: one built for another system
// or with cgo.
const guestEnv = "KMODSH_GUEST"

// UseGuest makes path the program that becomes /init in the guest.
func (c *Cache) UseGuest(path string) { c.guest = path }

// openGuest opens the kmodsh binary for the guest: the one that was named,
// else this very program, also when its file was replaced since it started.
func (c *Cache) openGuest() (*os.File, error) {
	path := c.guest
	if path == "" {
		path = "/proc/self/exe"
		if runtime.GOOS != "linux" {
			p, err := os.Executable()
			if err != nil {
				return nil, fmt.Errorf("the guest's init: %w", err)
			}
			path = p
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the guest's init: %w", err)
	}
	if err := checkStatic(f); err != nil {
		f.Close()
		name := path
		if p, err := os.Executable(); err == nil && c.guest == "" {
			name = p
		}
		return nil, fmt.Errorf("%s cannot be the guest's init: %w; build one: CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o kmodsh-guest ./cmd/kmodsh, and set %s to its path", name, err, guestEnv)
	}
	return f, nil
}

// checkStatic refuses all but a static Linux program for x86-64: in the
// initramfs there is neither a dynamic linker nor a library.
func checkStatic(r io.ReaderAt) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return fmt.Errorf("no ELF program: %w", err)
	}
	defer f.Close()
	if f.Class != elf.ELFCLASS64 || f.Machine != elf.EM_X86_64 {
		return fmt.Errorf("it is for %v, the guest is x86-64", f.Machine)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Errorf("it is no program (%v)", f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it is not static")
		}
	}
	return nil
}
