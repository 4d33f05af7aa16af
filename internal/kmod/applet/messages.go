package applet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// strerror gives an errno in the words of strerror(3).
func strerror(e syscall.Errno) string { return kernel.Strerror(e) }

// insertReason explains the errno of a load as modprobe of kmod 30 does.
func insertReason(e syscall.Errno) string {
	switch e {
	case syscall.EEXIST:
		return "Module already in kernel"
	case syscall.ENOENT:
		return "Unknown symbol in module, or unknown parameter (see dmesg)"
	}
	return strerror(e)
}

// fileReason explains the errno of a load as insmod of kmod 30 does.
func fileReason(e syscall.Errno) string {
	switch e {
	case syscall.ENOEXEC:
		return "Invalid module format"
	case syscall.ENOENT:
		return "Unknown symbol in module"
	case syscall.ESRCH:
		return "Module has wrong symbol version"
	case syscall.EINVAL:
		return "Invalid parameters"
	}
	return strerror(e)
}

// damageErrno is libkmod's errno for a module file that makes no sense.
func damageErrno(err error) syscall.Errno {
	var other *kmod.NotELFError
	if errors.As(err, &other) {
		return syscall.ENOEXEC
	}
	return syscall.EINVAL
}

// damageReason explains such a file as libkmod does.
func damageReason(err error) string { return strerror(damageErrno(err)) }

// toolError is a message in kmod's own words, which begin and end as they do
// there.
type toolError struct{ text string }

func (e toolError) Error() string { return e.text }

// logsErrors says whether libkmod tells of errors in the configuration under a
// value of KMOD_LOG: a level of syslog(3), or the beginning of the name of one of
// three (libkmod.c, log_priority). The tools have levels of their own after that.
func logsErrors(level string) bool {
	const errorLevel = 3
	f := strings.Fields(level)
	if len(f) == 0 {
		return false // strtol(3) makes 0 of it
	}
	if n, err := strconv.Atoi(f[0]); err == nil {
		return n >= errorLevel
	}
	return strings.HasPrefix(level, "err") || strings.HasPrefix(level, "info") || strings.HasPrefix(level, "debug")
}

// said returns a message in kmod's words.
func said(format string, args ...any) error { return toolError{fmt.Sprintf(format, args...)} }

// sayLog prints what the kernel logged.
func (p *program) sayLog(lines []string) {
	for _, l := range lines {
		fmt.Fprintf(p.Stderr, "%s: kernel: %s\n", p.name, l)
	}
}

// sayWhy prints what explains a refusal, where something does.
func (p *program) sayWhy(why string) {
	if why != "" {
		fmt.Fprintf(p.Stderr, "%s: why: %s\n", p.name, why)
	}
}

// fileErrno is the errno that libkmod has for a load that failed: the kernel's, or
// what came of reading the file; 0 for none.
func fileErrno(le *kernel.LoadError) syscall.Errno {
	errno := le.Errno
	if errno == 0 {
		errno = kernel.ErrnoOf(le.Err)
	}
	switch {
	case errno != 0:
	case errors.Is(le.Err, kernel.ErrNotFound):
		errno = syscall.ENOENT
	case errors.Is(le.Err, kernel.ErrDamaged):
		errno = damageErrno(le.Err)
	}
	return errno
}

// sayFile prints what is wrong with a file that did not come to the kernel, where
// kmod's errno alone says little.
func (p *program) sayFile(le *kernel.LoadError) {
	if le.Errno == 0 && le.Op == "decompress" {
		p.sayWhy(le.Err.Error())
	}
}

// split takes joined errors apart.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
