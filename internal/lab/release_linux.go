package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// runningRelease returns the running kernel's release, as uname -r prints it.
func runningRelease() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(u.Release[:]), nil
}
