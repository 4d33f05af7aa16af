package agent

import (
	"os"
	"os/exec"
)

// runProgram runs the guest's modprobe with the words behind its name.
func runProgram(words []string) int {
	cmd := exec.Command(modprobePath, words[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		if code := cmd.ProcessState.ExitCode(); cmd.ProcessState != nil && code > 0 {
			return code
		}
		return statusNotFound
	}
	return 0
}
