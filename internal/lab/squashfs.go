package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// squashfsOptions are those of mksquashfs(1) 4.5. Of the compressors that
// Debian's kernels can all read, lz4 costs a guest without hardware
// virtualisation least: to unpack kernel/fs of Debian's 6.1 took 13 ms of
// processor time, zstd -1 45 ms, gzip -1 138 ms, for a file half again as large
// as with zstd (159 and 105 MB for the whole tree, 397 MB without any). A tree
// of .ko.xz files comes to 93 MB with each of them.
var squashfsOptions = []string{
	"-comp", "lz4", "-all-root", "-mkfs-time", "0", "-no-xattrs", "-noappend", "-no-progress", "-quiet",
	"-e", "build", "source",
}

// makeSquashfs makes a squashfs image of a module tree in the file out.
func makeSquashfs(ctx context.Context, tree, out string) error {
	tool, err := exec.LookPath("mksquashfs")
	if err != nil {
		return &ToolError{Tool: "mksquashfs", Package: "squashfs-tools", Err: err}
	}
	// The tree is given as ".": a name that starts with a dash is no option.
	cmd := command(ctx, tool, append([]string{".", out}, squashfsOptions...)...)
	cmd.Dir = tree
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if strings.Contains(string(output), "No space left") {
			return fmt.Errorf("making the disk image %s: %w", out, errNoSpace)
		}
		return fmt.Errorf("making the disk image of %s: mksquashfs: %w: %s", tree, err, lastLine(output))
	}
	return nil
}

// ToolError says that a program the lab runs is not installed, and how to get it.
type ToolError struct {
	Tool    string
	Package string // Debian's name
	Err     error
}

func (e *ToolError) Error() string {
	return fmt.Sprintf("%s is not installed; install it: %s", e.Tool, installCommand(e.Package))
}

func (e *ToolError) Unwrap() error { return e.Err }

// errNoSpace is what tools say in words and the kernel as ENOSPC.
var errNoSpace = errors.New("no space left on the disk; free some, or set " + CacheEnv + " to a directory on a larger one")
