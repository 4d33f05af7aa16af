package agent

import (
	"path"
	"strconv"
	"strings"
)

// The exit statuses of a shell that could not do what it was told.
const (
	statusUsage    = 2
	statusNotFound = 127
)

// ShellMain is /bin/sh, /bin/true and /bin/false of a guest, which has no other
// programs: enough for the install and remove commands of modprobe.d, which are
// a few words each. It returns an exit status.
func ShellMain(argv []string) int {
	switch path.Base(argv[0]) {
	case "true":
		return 0
	case "false":
		return 1
	}
	if len(argv) != 3 || argv[1] != "-c" {
		return statusUsage
	}
	return shell(argv[2], runProgram)
}

// IsShell says whether a program of that name is ShellMain.
func IsShell(name string) bool { return name == "sh" || name == "true" || name == "false" }

// shell runs commands one after the other, with ; or && between; run runs a
// program.
func shell(text string, run func(words []string) int) int {
	status := 0
	for list := range strings.SplitSeq(text, ";") {
		for command := range strings.SplitSeq(list, "&&") {
			words := strings.Fields(command)
			if len(words) == 0 {
				continue
			}
			if status = oneCommand(words, run); status != 0 {
				break
			}
		}
	}
	return status
}

func oneCommand(words []string, run func(words []string) int) int {
	switch path.Base(words[0]) {
	case "true", ":":
		return 0
	case "false":
		return 1
	case "exit":
		if len(words) == 1 {
			return 0
		}
		if n, err := strconv.Atoi(words[1]); err == nil {
			return n & 0xff
		}
		return statusUsage
	case "modprobe":
		return run(words)
	}
	return statusNotFound
}
