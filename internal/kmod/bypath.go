package kmod

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"syscall"
)

// ViaPath is Found.Via of a module that was named by the path of its file.
const ViaPath = "path"

// IsPath says whether modprobe takes a name for the path of a module file: one
// that starts with a slash or with "./" (modprobe(8) of kmod 31 and later).
func IsPath(name string) bool {
	return strings.HasPrefix(name, "/") || strings.HasPrefix(name, "./")
}

// PathError says that a path given in place of a name leads to no file.
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string {
	return fmt.Sprintf("no module can be had from path %s: %v", e.Path, e.Err)
}

func (e *PathError) Unwrap() error { return e.Err }

// resolveOrPath is Resolve that takes paths, too. What a module file needs is
// looked up by the module's name, so it may not fit a file from elsewhere.
func (r *Resolver) resolveOrPath(name string) ([]Found, error) {
	if !IsPath(name) || !r.tree.host {
		return r.Resolve(name)
	}
	// Not cleaned: kmod shows the path as it was put together.
	file := name
	if !path.IsAbs(file) {
		wd, err := os.Getwd()
		if err != nil {
			return nil, &PathError{name, err}
		}
		file = wd + "/" + name
	}
	module := moduleNameOf(name)
	_, err := os.Stat(file)
	var pe *os.PathError
	switch {
	case errors.As(err, &pe):
		return nil, &PathError{name, pe.Err}
	case err != nil:
		return nil, &PathError{name, err}
	case module == "":
		return nil, &PathError{name, syscall.ENOENT}
	}
	f := Found{Module: module, File: file, Via: ViaPath}
	if f.Builtin, err = r.builtin(module); err != nil {
		return nil, err
	}
	if l, ok := r.blacklisted(module); ok {
		f.BlacklistedBy = l.Where()
	}
	return []Found{f}, r.err
}
