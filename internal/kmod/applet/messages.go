package applet

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kmod"
)

// strerror gives an errno in the words of strerror(3), which begin with a
// capital letter.
func strerror(e syscall.Errno) string {
	s := e.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

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

// damageReason explains a module file that makes no sense as libkmod does.
func damageReason(err error) string {
	var other *kmod.NotELFError
	if errors.As(err, &other) {
		return strerror(syscall.ENOEXEC)
	}
	return strerror(syscall.EINVAL)
}

// toolError is a message in kmod's own words, which begin and end as they do
// there.
type toolError struct{ text string }

func (e toolError) Error() string { return e.text }

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

// split takes joined errors apart.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
