//go:build !linux

package lab

import "golang.org/x/sys/unix"

// hostBoot identifies this boot of this machine's kernel, as far as it can be
// told: the answers to what works here hold for it.
func hostBoot() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:]) + unix.ByteSliceToString(u.Version[:])
}

// hostCPU identifies the processor; the machine's name has to do.
func hostCPU() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Machine[:]) + hostBoot()
}

// runDelays knows nothing here: all time counts.
func runDelays(int) map[int]int64 { return nil }
