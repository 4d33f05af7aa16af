package lab

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Bounds on what a kernel package may hold. Debian's have some 5,000 members
// and 450 MB.
const (
	maxDebBytes   = 4 << 30
	maxDebMembers = 100_000
	maxDebName    = 1024
)

// unpackDeb unpacks the kernel and the modules of a Debian package into root,
// as boot/ and lib/modules/RELEASE, without installing it, and returns the
// release.
func unpackDeb(ctx context.Context, deb string, root *os.Root, installed int64, p Progress) (release string, err error) {
	err = readDeb(ctx, deb, func(r io.Reader) (err error) {
		release, err = extractKernel(ctx, r, root, installed, p)
		return err
	})
	if err != nil {
		return "", err
	}
	return release, nil
}

// readDeb gives the tar stream of a Debian package's files to extract.
func readDeb(ctx context.Context, deb string, extract func(io.Reader) error) error {
	cmd := command(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("dpkg-deb: %w", err)
	}
	err = extract(out)
	if err != nil {
		out.Close() // so that dpkg-deb ends
	} else {
		_, err = io.Copy(io.Discard, out)
	}
	waited := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case stderr.Len() > 0 && waited != nil && !errors.Is(err, kernel.ErrDamaged):
		return fmt.Errorf("unpacking %s: dpkg-deb: %w: %s", path.Base(deb), waited, lastLine(stderr.Bytes()))
	case err != nil:
		return fmt.Errorf("unpacking %s: %w", path.Base(deb), err)
	case waited != nil:
		return fmt.Errorf("unpacking %s: dpkg-deb: %w", path.Base(deb), waited)
	}
	return nil
}

// extractKernel reads the tar stream of a kernel package and writes boot/ and
// lib/modules/RELEASE of it into root; the rest (documentation) and links are
// left out. Nothing is written outside root, whatever the names in the stream.
func extractKernel(ctx context.Context, r io.Reader, root *os.Root, installed int64, p Progress) (release string, err error) {
	damaged := func(format string, args ...any) (string, error) {
		return "", fmt.Errorf("%w: "+format, append([]any{kernel.ErrDamaged}, args...)...)
	}
	tr := tar.NewReader(r)
	var total int64
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return damaged("%v", err)
		}
		if n == maxDebMembers {
			return damaged("more than %d members", maxDebMembers)
		}
		name, rel, ok := kernelMember(h.Name)
		if !ok {
			continue
		}
		if rel != "" {
			if release != "" && release != rel {
				return damaged("modules of two kernels, %s and %s", release, rel)
			}
			if err := checkRelease(rel); err != nil {
				return "", err
			}
			release = rel
		}
		if h.Typeflag != tar.TypeReg {
			if h.Typeflag == tar.TypeLink {
				return damaged("%.200q is a hard link", h.Name)
			}
			continue
		}
		if total += h.Size; h.Size < 0 || total > maxDebBytes {
			return damaged("more than %d bytes", int64(maxDebBytes))
		}
		if err := extractFile(root, name, h, tr); err != nil {
			return "", err
		}
		p.step("unpack", min(total, installed), installed, "the package")
	}
	if release == "" {
		return damaged("no modules in it")
	}
	if _, err := root.Stat("boot/vmlinuz-" + release); err != nil {
		return damaged("no kernel image boot/vmlinuz-%s in it", release)
	}
	p.step("unpack", installed, installed, "the package")
	return release, nil
}

// kernelMember says where a member of a kernel package goes, false for one
// that is not needed. release is set for what belongs to a module tree.
func kernelMember(name string) (to, release string, ok bool) {
	name = path.Clean(strings.TrimPrefix(name, "./"))
	if len(name) > maxDebName || !fs.ValidPath(name) || strings.ContainsAny(name, "\x00\n") {
		return "", "", false
	}
	dir, base := path.Split(name)
	if dir == "boot/" && (strings.HasPrefix(base, "vmlinuz-") || strings.HasPrefix(base, "config-")) {
		return name, "", true
	}
	// Since Debian 13 below /usr.
	rest, found := strings.CutPrefix(strings.TrimPrefix(name, "usr/"), "lib/modules/")
	if !found {
		return "", "", false
	}
	release, inside, _ := strings.Cut(rest, "/")
	if top, _, _ := strings.Cut(inside, "/"); inside == "" || top == "build" || top == "source" {
		return "", "", false
	}
	return "lib/modules/" + rest, release, true
}

// extractFile writes one file, with the package's time.
func extractFile(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %.200q is in it twice", kernel.ErrDamaged, h.Name)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil && n != h.Size {
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: cut off in %.200q", kernel.ErrDamaged, h.Name)
	}
	if err != nil {
		return err
	}
	return root.Chtimes(name, h.ModTime, h.ModTime)
}
