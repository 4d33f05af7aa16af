package sim

import "syscall"

// The errno values the modelled code returns (include/uapi/asm-generic/errno*.h;
// the last is kernel-internal, include/linux/errno.h).
const (
	EPERM        Errno = 1
	ENOENT       Errno = 2
	EINTR        Errno = 4
	EIO          Errno = 5
	ENOEXEC      Errno = 8
	EBADF        Errno = 9
	EAGAIN       Errno = 11
	ENOMEM       Errno = 12
	EACCES       Errno = 13
	EFAULT       Errno = 14
	EBUSY        Errno = 16
	EEXIST       Errno = 17
	ENODEV       Errno = 19
	EINVAL       Errno = 22
	EFBIG        Errno = 27
	ENOSPC       Errno = 28
	ERANGE       Errno = 34
	ENAMETOOLONG Errno = 36
	ENODATA      Errno = 61
	ETIME        Errno = 62
	ENOPKG       Errno = 65
	EBADMSG      Errno = 74
	EOPNOTSUPP   Errno = 95
	ENOKEY       Errno = 126
	EKEYREJECTED Errno = 129
	ERESTARTSYS  Errno = 512
)

// errnoOf is the errno of a negative return value.
func errnoOf(ret int64) syscall.Errno { return syscall.Errno(-ret) }
