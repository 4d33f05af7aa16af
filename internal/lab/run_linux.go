package lab

import (
	"os/exec"
	"syscall"
)

// dieWithUs makes the kernel end a tool when kmodsh itself is killed.
// PR_SET_PDEATHSIG of prctl(2) means the thread that started the tool; Go's
// threads live on while one of their goroutines is not locked to them.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
