package kernel

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// The system calls are made with package syscall: golang.org/x/sys/unix, which
// knows them, is initialised after the packages of the screen, and what a
// kernel's helper needs must not be (internal/early).

// unameRelease returns the release of the running kernel.
func unameRelease() (string, error) {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return charsToString(u.Release[:]), nil
}

// charsToString turns a C string into one of Go; char is signed on some
// architectures.
func charsToString[C int8 | uint8](chars []C) string {
	var b []byte
	for _, c := range chars {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}

// finitNumber is the number of finit_module(2), which package syscall is too
// old to know: 273 in the table that newer architectures share
// (include/uapi/asm-generic/unistd.h), others in their own.
func finitNumber() (uintptr, error) {
	switch runtime.GOARCH {
	case "arm64", "riscv64", "loong64":
		return 273, nil
	case "amd64":
		return 313, nil
	case "386":
		return 350, nil
	case "arm":
		return 379, nil
	case "ppc64", "ppc64le":
		return 353, nil
	case "s390x":
		return 344, nil
	}
	return 0, syscall.ENOSYS // then the image is handed over by init_module
}

func finitModule(fd int, params string, flags int) error {
	number, err := finitNumber()
	if err != nil {
		return err
	}
	p, err := syscall.BytePtrFromString(params)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(number, uintptr(fd), uintptr(unsafe.Pointer(p)), uintptr(flags))
	return answer(errno)
}

func initModule(image []byte, params string) error {
	p, err := syscall.BytePtrFromString(params)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_INIT_MODULE, uintptr(unsafe.Pointer(unsafe.SliceData(image))), uintptr(len(image)), uintptr(unsafe.Pointer(p)))
	return answer(errno)
}

func deleteModule(name string, flags int) error {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_DELETE_MODULE, uintptr(unsafe.Pointer(p)), uintptr(flags), 0)
	return answer(errno)
}

// answer keeps errno 0 from becoming an error.
func answer(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
