package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// builtModule is a module that was built in a kernel build tree.
type builtModule struct {
	file string // in the build tree
	to   string // in a module directory, with slashes: "kernel/fs/minix/minix.ko"
}

// builtModules are the modules of a build tree, by its modules.order, as
// modules_install takes them (scripts/Makefile.modinst): lines "fs/minix/minix.o"
// since 6.3, "fs/minix/minix.ko" before. One that is listed and not built yet is
// left out.
func builtModules(tree string) ([]builtModule, error) {
	f, err := os.Open(filepath.Join(tree, "modules.order"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing but the image was built
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []builtModule
	lines := bufio.NewScanner(io.LimitReader(f, maxKernelConfig))
	for lines.Scan() {
		name := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "kernel/")
		base, isObject := strings.CutSuffix(name, ".o")
		if !isObject {
			base, _ = strings.CutSuffix(name, ".ko")
		}
		name = base + ".ko"
		if base == "" || !fs.ValidPath(name) || len(list) == maxTreeEntries {
			continue
		}
		file := filepath.Join(tree, filepath.FromSlash(name))
		if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
			continue
		}
		list = append(list, builtModule{file, path.Join("kernel", name)})
	}
	return list, lines.Err()
}

// buildFingerprint is the key of what copyBuilt copies.
func buildFingerprint(tree string) (string, error) {
	f := newFingerprint("build tree")
	for _, name := range buildFiles {
		key, err := fileFingerprint(filepath.Join(tree, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("kernel build tree: %w", err)
		}
		f.add(name, key)
	}
	list, err := builtModules(tree)
	if err != nil {
		return "", fmt.Errorf("kernel build tree: %w", err)
	}
	for _, m := range list {
		st, err := os.Stat(m.file)
		if err != nil {
			return "", fmt.Errorf("kernel build tree: %w", err)
		}
		f.add(m.to, fmt.Sprintf("%d %d", st.Size(), st.ModTime().UnixNano()))
	}
	return f.key(), nil
}

// copyBuilt makes in to a module directory of what was built in a tree. The
// files are copied: the next build may write over its own.
func copyBuilt(ctx context.Context, tree, to string) error {
	for _, name := range buildFiles {
		if err := copyFile(filepath.Join(tree, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	list, err := builtModules(tree)
	if err != nil {
		return err
	}
	var order bytes.Buffer
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		dst := filepath.Join(to, filepath.FromSlash(m.to))
		if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
			return err
		}
		if err := copyFile(m.file, dst); err != nil {
			return err
		}
		fmt.Fprintln(&order, m.to)
	}
	return os.WriteFile(filepath.Join(to, "modules.order"), order.Bytes(), 0o644)
}
