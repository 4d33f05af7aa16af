package applet

import (
	"context"
	"os"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// noShell is the status of a command that system(3) finds no shell for.
const noShell = 127

// Shell runs an install or remove command by /bin/sh with MODPROBE_MODULE in
// its environment, as libkmod does. The command's exit status is no error.
func Shell(ctx context.Context, c kmod.Command) (int, error) {
	env := withVariable(os.Environ(), "MODPROBE_MODULE", c.Module)
	if c.Options != "" {
		env = withVariable(env, "MODPROBE_OPTIONS", c.Options)
	}
	p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", c.Text}, &os.ProcAttr{
		Env:   env,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return noShell, nil
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
		return 0, nil // libkmod looks at the exit status alone: a signal leaves none
	}
	return state.ExitCode(), nil
}

// withVariable sets one variable in an environment. A modprobe inside a command
// has them already.
func withVariable(env []string, name, value string) []string {
	name += "="
	env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, name) })
	return append(env, name+value)
}
