package lab

import (
	"os/exec"
	"syscall"
)

// dieWithWarden has the kernel kill QEMU when the warden's thread ends.
func dieWithWarden(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// selfPath is this very program, also when its file was replaced or removed.
func selfPath() (string, error) { return "/proc/self/exe", nil }
