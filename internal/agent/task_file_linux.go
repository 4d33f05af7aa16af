package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/kernel"
	_ "example.org/kmodsh/internal/kmod/unpack/link"
	"example.org/kmodsh/internal/trace"
)

// moduleFile returns the path of a module's file in the guest's tree.
func moduleFile(name string) (string, error) {
	l, closeTree, err := openTreeLoader()
	if err != nil {
		return "", err
	}
	defer closeTree()
	name = kernel.Normalize(name)
	found, err := l.Resolver.Resolve(name)
	if err != nil && !errors.Is(err, kernel.ErrNotFound) {
		return "", err
	}
	for _, f := range found {
		if f.Module == name && f.File != "" {
			return filepath.Join(l.Resolver.Tree().Dir(), f.File), nil
		}
	}
	if path := filepath.Join(l.Resolver.Tree().Dir(), plainDir, name); fileIs(path) {
		return path, nil
	}
	return "", fmt.Errorf("%w: no module file %s in %s", kernel.ErrNotFound, name, l.Resolver.Tree().Dir())
}

// plainDir is the directory of the tree with files that are no modules, for
// what a loader makes of them.
const plainDir = "kmodsh-damaged"

func fileIs(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// insmod is insmod and init: one system call, without a look before or after.
func (r *taskRun) insmod() (int64, error) {
	params := strings.Join(r.task.Params, " ")
	if r.image != nil {
		return kernel.ReturnOf(r.k.Init(context.Background(), r.image, params)), nil
	}
	return kernel.ReturnOf(r.k.Finit(context.Background(), r.file, params, r.flags)), nil
}

// copyOf copies a file, so that it has an inode of its own.
func copyOf(path string) (string, error) {
	dir, err := os.MkdirTemp(runDir, "copy-")
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, filepath.Base(path))
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, from)
	return to, errors.Join(err, f.Close())
}

func (r *taskRun) rmmod() (int64, error) {
	err := r.k.Delete(context.Background(), kernel.Normalize(r.task.Name), r.task.Force)
	r.out.State = stateOf(r.k, r.task.Name)
	return kernel.ReturnOf(err), nil
}

// stateOf is a module's state as user space sees it.
func stateOf(k kernel.Kernel, name string) trace.State {
	list, err := k.Modules()
	if err != nil {
		return ""
	}
	for _, m := range list {
		if m.Name == kernel.Normalize(name) {
			return m.State
		}
	}
	return trace.Absent
}
