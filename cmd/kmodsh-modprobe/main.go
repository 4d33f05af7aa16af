// Command kmodsh-modprobe is a small modprobe for those who ask it thousands of
// times, such as the makers of initial RAM disks: what only reads indexes and
// configuration (-R, -D, -c) it answers itself, by the code that kmodsh answers it
// by, in two thirds of the time, since the runtime has the tables of a small
// program to prepare. For everything else it becomes kmodsh.
//
// It must not know anything but where kmodsh is.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	_ "example.org/kmodsh/internal/early"        // queries end here, before the rest is initialised
	_ "example.org/kmodsh/internal/early/answer" // by this
)

func main() {
	err := become(append([]string{"modprobe"}, os.Args[1:]...))
	fmt.Fprintf(os.Stderr, "kmodsh-modprobe: cannot start kmodsh, which does all but -R, -D and -c: %v\n", err)
	os.Exit(1)
}

// become puts kmodsh in the place of this program. It returns when that fails.
func become(argv []string) error {
	program, err := find()
	if err != nil {
		return err
	}
	return &os.PathError{Op: "exec", Path: program, Err: syscall.Exec(program, argv, os.Environ())}
}

// find looks for kmodsh: beside this program, in ../../bin as Debian's package has
// it, then where the shell looks.
func find() (string, error) {
	if self, err := os.Executable(); err == nil {
		dir := filepath.Dir(self)
		for _, file := range []string{filepath.Join(dir, "kmodsh"), filepath.Join(dir, "../../bin/kmodsh")} {
			if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() {
				return file, nil
			}
		}
	}
	program, err := exec.LookPath("kmodsh")
	if errors.Is(err, exec.ErrDot) {
		err = nil
	}
	return program, err
}
