package kernel

import (
	"io"
	"os"
)

// maxCmdline bounds the length in bytes of a kernel's command line; no
// architecture's COMMAND_LINE_SIZE is larger.
const maxCmdline = 64 << 10

// Cmdline returns the running kernel's command line, "" where it cannot be
// read.
func Cmdline() string {
	f, err := os.Open("/proc/cmdline")
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCmdline))
	if err != nil {
		return ""
	}
	return string(b)
}
