package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"path"
	"sort"
	"strings"
	"time"
)

// file is one file of a package; its name has no slash at the beginning.
type file struct {
	name string
	data []byte
	mode int64
}

// debOf writes a Debian package, as deb(5) has it: an ar archive of the version
// of the format, the control files, and the files.
func debOf(v version, arch string, files []file) ([]byte, error) {
	size := 0
	var md5sums strings.Builder
	for _, f := range files {
		size += (len(f.data) + 1023) / 1024
		fmt.Fprintf(&md5sums, "%x  %s\n", md5.Sum(f.data), f.name)
	}
	control := fmt.Sprintf(`Package: kmodsh
Version: %s
Architecture: %s
Maintainer: The kmodsh authors <kmodsh@example.org>
Installed-Size: %d
Recommends: qemu-system-x86, squashfs-tools
Section: devel
Priority: optional
Description: debugger for Linux kernel module loading
 Shows every step of the kernel's module loader and every state of a module:
 on a simulated kernel, or on a real one in a throw-away virtual machine.
 Threads can be stepped, held, delayed and made to fail; one can go back, search
 all interleavings, and replay what was found.
`, v.text, arch, size)
	head, err := tarball(v.at, []file{{"control", []byte(control), 0o644}, {"md5sums", []byte(md5sums.String()), 0o644}})
	if err != nil {
		return nil, err
	}
	data, err := tarball(v.at, files)
	if err != nil {
		return nil, err
	}
	return archive(v.at, []file{{"debian-binary", []byte("2.0\n"), 0o644}, {"control.tar.gz", head, 0o644}, {"data.tar.gz", data, 0o644}}), nil
}

// archive writes a common ar archive: a head of 60 bytes before each file, each
// at an even place.
func archive(at time.Time, files []file) []byte {
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, f := range files {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", f.name, at.Unix(), 0, 0, 0o100000|f.mode, len(f.data))
		b.Write(f.data)
		if len(f.data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// tarball writes files and the directories above them, all root's and of one
// time, packed.
func tarball(at time.Time, files []file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	head := func(name string, kind byte, mode, size int64) error {
		return w.WriteHeader(&tar.Header{
			Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatGNU,
		})
	}
	dirs := map[string]bool{"./": true}
	for _, f := range files {
		for d := path.Dir(f.name); d != "."; d = path.Dir(d) {
			dirs["./"+d+"/"] = true
		}
	}
	var names []string
	for d := range dirs {
		names = append(names, d)
	}
	sort.Strings(names)
	for _, d := range names {
		if err := head(d, tar.TypeDir, 0o755, 0); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if err := head("./"+f.name, tar.TypeReg, f.mode, int64(len(f.data))); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return gzipped(b.Bytes())
}

// gzipped packs without a name and a time.
func gzipped(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
