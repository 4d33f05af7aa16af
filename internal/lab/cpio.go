package lab

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Modes of what an initramfs can hold (inode(7)).
const (
	modeFile    = 0o100000
	modeDir     = 0o040000
	modeSymlink = 0o120000
	modeChar    = 0o020000
)

// A cpioWriter writes a cpio archive in the "newc" format, the one the
// kernel's init/initramfs.c unpacks, by
// Documentation/driver-api/early-userspace/buffer-format.rst of Linux 6.12:
// each member is a header of 13 numbers in 8 hex digits after the magic
// 070701, the name with its NUL, padding to 4 bytes, the data, padding to 4
// bytes. Same calls, same bytes: owner root, no times, inodes counted from 1.
type cpioWriter struct {
	w    *bufio.Writer
	n    int64 // bytes so far
	ino  int
	seen map[string]bool
	err  error
}

func newCPIO(w io.Writer) *cpioWriter {
	return &cpioWriter{w: bufio.NewWriterSize(w, 256<<10), seen: map[string]bool{}}
}

// Dir adds a directory, and those above it that are not there yet.
func (c *cpioWriter) Dir(name string) {
	name = strings.TrimPrefix(name, "/")
	if name == "" || c.seen[name] {
		return
	}
	c.parents(name)
	c.header(name, modeDir|0o755, 0, 0, 0)
}

// Symlink adds a symbolic link.
func (c *cpioWriter) Symlink(name, target string) {
	name = strings.TrimPrefix(name, "/")
	c.parents(name)
	c.header(name, modeSymlink|0o777, int64(len(target)), 0, 0)
	c.write([]byte(target))
	c.pad()
}

// Char adds a character device.
func (c *cpioWriter) Char(name string, perm, major, minor int) {
	name = strings.TrimPrefix(name, "/")
	c.parents(name)
	c.header(name, modeChar|perm, 0, major, minor)
}

// File adds a file of exactly size bytes out of r.
func (c *cpioWriter) File(name string, perm int, size int64, r io.Reader) {
	name = strings.TrimPrefix(name, "/")
	c.parents(name)
	if size > 1<<32-1 {
		c.fail(fmt.Errorf("%s: %d bytes do not fit into a cpio archive", name, size))
		return
	}
	c.header(name, modeFile|perm, size, 0, 0)
	if c.err != nil {
		return
	}
	n, err := io.CopyN(c.w, r, size)
	c.n += n
	if err != nil {
		c.fail(fmt.Errorf("%s: it became shorter while it was read: %w", name, err))
	}
	c.pad()
}

// Close ends the archive. It returns the first error of all calls.
func (c *cpioWriter) Close() error {
	c.ino = -1 // the trailer has no inode
	c.header("TRAILER!!!", 0, 0, 0, 0)
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

// CloseForSeal ends the archive so that a seal can follow: it is the data of a
// file in a second archive, which the kernel unpacks behind the first. That one
// needs no end of its own (init/initramfs.c, do_reset).
func (c *cpioWriter) CloseForSeal() error {
	if err := c.Close(); err != nil {
		return err
	}
	c.ino = 0
	c.header(sealFile, modeFile|0o400, sealSize, 0, 0)
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

// sealFile is the file of the guest that the seal of its initramfs becomes.
const sealFile = ".kmodsh-seal"

func (c *cpioWriter) parents(name string) {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		c.Dir(name[:i])
	}
}

func (c *cpioWriter) header(name string, mode int, size int64, major, minor int) {
	if c.seen[name] {
		c.fail(fmt.Errorf("%s: twice in one archive", name))
		return
	}
	c.seen[name] = true
	c.ino++
	links := 1
	if mode&modeDir == modeDir {
		links = 2
	}
	h := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		c.ino, mode, 0, 0, links, 0, size, 0, 0, major, minor, len(name)+1, 0)
	c.write([]byte(h))
	c.write([]byte(name))
	c.write([]byte{0})
	c.pad()
}

func (c *cpioWriter) pad() {
	if n := c.n % 4; n != 0 {
		c.write(make([]byte, 4-n))
	}
}

func (c *cpioWriter) write(b []byte) {
	if c.err != nil {
		return
	}
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.err = err
}

func (c *cpioWriter) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}
