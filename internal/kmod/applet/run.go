package applet

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"example.org/kmodsh/internal/kmod"
)

// Shell runs an install or remove command by /bin/sh with MODPROBE_MODULE in
// its environment, as libkmod does. The command's exit status is no error.
func Shell(ctx context.Context, c kmod.Command) (int, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.Text)
	cmd.Env = append(os.Environ(), "MODPROBE_MODULE="+c.Module)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
