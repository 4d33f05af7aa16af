package kernel

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
)

// errnoNames are the names of the errno values the module loader and its
// callers return (kernel-wide numbers of include/uapi/asm-generic/errno*.h,
// equal on amd64 and arm64). Kept here so that names are the same on every
// host, also one whose own numbers differ.
var errnoNames = [...]string{
	1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO",
	7: "E2BIG", 8: "ENOEXEC", 9: "EBADF", 10: "ECHILD", 11: "EAGAIN",
	12: "ENOMEM", 13: "EACCES", 14: "EFAULT", 15: "ENOTBLK", 16: "EBUSY",
	17: "EEXIST", 18: "EXDEV", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR",
	22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 25: "ENOTTY", 26: "ETXTBSY",
	27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS", 31: "EMLINK",
	32: "EPIPE", 33: "EDOM", 34: "ERANGE", 36: "ENAMETOOLONG", 38: "ENOSYS",
	40: "ELOOP", 61: "ENODATA", 62: "ETIME", 65: "ENOPKG", 71: "EPROTO",
	74: "EBADMSG", 75: "EOVERFLOW", 91: "EPROTOTYPE", 92: "ENOPROTOOPT", 93: "EPROTONOSUPPORT",
	94: "ESOCKTNOSUPPORT", 95: "EOPNOTSUPP", 96: "EPFNOSUPPORT",
	97: "EAFNOSUPPORT", 98: "EADDRINUSE", 107: "ENOTCONN", 110: "ETIMEDOUT", 111: "ECONNREFUSED",
	126: "ENOKEY", 127: "EKEYEXPIRED", 128: "EKEYREVOKED", 129: "EKEYREJECTED",
	512: "ERESTARTSYS",
}

// ErrnoName returns the C name of a Linux errno, "errno N" for one not listed.
func ErrnoName(e syscall.Errno) string {
	if int(e) < len(errnoNames) && errnoNames[e] != "" {
		return errnoNames[e]
	}
	return "errno " + strconv.Itoa(int(e))
}

// ErrnoByName returns the Linux errno of a C name, 0 for one not listed.
func ErrnoByName(name string) syscall.Errno {
	for n, known := range errnoNames {
		if known == name {
			return syscall.Errno(n)
		}
	}
	return 0
}

// ErrnoOf returns the Linux errno an error wraps, 0 when there is none.
func ErrnoOf(err error) syscall.Errno {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}

// Strerror gives an errno in the words of strerror(3), which begin with a
// capital letter.
func Strerror(e syscall.Errno) string {
	s := e.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// ReturnOf is the return value that an error stands for: a negative errno where
// the kernel gave one, else -1; 0 for no error.
func ReturnOf(err error) int64 {
	var refused *LoadError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &refused) && refused.Errno != 0:
		return -int64(refused.Errno)
	case ErrnoOf(err) != 0:
		return -int64(ErrnoOf(err))
	}
	return -1
}
