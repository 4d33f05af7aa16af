package applet

import (
	"context"
	"os"

	"example.org/kmodsh/internal/kmod"
)

// Shell runs an install or remove command by /bin/sh with MODPROBE_MODULE in
// its environment, as libkmod does. The command's exit status is no error.
func Shell(ctx context.Context, c kmod.Command) (int, error) {
	p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", c.Text}, &os.ProcAttr{
		Env:   append(os.Environ(), "MODPROBE_MODULE="+c.Module),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { p.Kill() })
	defer stop()
	state, err := p.Wait()
	switch {
	case err != nil:
		return 0, err
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case !state.Exited():
		return 0, &os.SyscallError{Syscall: "wait", Err: os.ErrProcessDone}
	}
	return state.ExitCode(), nil
}
