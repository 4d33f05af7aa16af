package kmod

import "strings"

// Bounds of what a step keeps of the kernel log.
const (
	maxLogLines = 32
	maxLogLine  = 512 // bytes
)

// logOf picks the lines about a module from what the kernel logged meanwhile.
// The loader's own begin with the module's name (kernel/module/main.c, pr_err
// "%s: ..."). Where there are none and not only they are asked for, all lines
// are kept: the reason of a refusal may name no module, as that of a damaged
// file or signature, or name the device.
func logOf(lines []string, module string, only bool) []string {
	var own []string
	for _, l := range lines {
		if strings.HasPrefix(l, module+":") || strings.HasPrefix(l, "module "+module+":") {
			own = append(own, l)
		}
	}
	if len(own) == 0 && !only {
		own = append(own, lines...)
	}
	if len(own) > maxLogLines {
		own = own[len(own)-maxLogLines:]
	}
	for i, l := range own {
		if len(l) > maxLogLine {
			own[i] = l[:maxLogLine] + "..."
		}
	}
	return own
}
