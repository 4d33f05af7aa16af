package sim

import (
	"context"
	"path"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// The exit statuses of a shell that could not do what it was told.
const (
	statusUsage    = 2
	statusNotFound = 127
)

// maxCommands is how deep commands may call modprobe, which calls commands: a
// real machine would run out of processes.
const maxCommands = 32

// shell runs an install or remove command of the configuration in thread t:
// the few programs such commands are made of, one after the other with ; or
// &&. Others are not found, as on a machine without them.
func (s *System) shell(t *Thread, text string) int {
	status := 0
	for _, list := range strings.Split(text, ";") {
		for _, command := range strings.Split(list, "&&") {
			words := strings.Fields(command)
			if len(words) == 0 {
				continue
			}
			if status = s.command(t, words); status != 0 {
				break
			}
		}
	}
	return status
}

func (s *System) command(t *Thread, words []string) int {
	switch path.Base(words[0]) {
	case "true", ":":
		return 0
	case "false":
		return 1
	case "exit":
		if len(words) > 1 {
			if n, err := strconv.Atoi(words[1]); err == nil {
				return n & 0xff
			}
			return statusUsage
		}
		return 0
	case "modprobe":
		return s.modprobeCommand(t, words[1:])
	}
	return statusNotFound
}

// modprobeCommand is modprobe called from a command: options -i
// (--ignore-install), -q and --, a name, and parameters.
func (s *System) modprobeCommand(t *Thread, words []string) int {
	if t.commands == maxCommands {
		return 1
	}
	t.commands++
	defer func() { t.commands-- }()
	l := s.Loader(t, true)
	req := kernel.LoadRequest{Policy: t.w.Policy}
	for _, w := range words {
		switch {
		case w == "-i" || w == "--ignore-install":
			l.IgnoreCommands = true
		case w == "-q" || w == "--":
		case strings.HasPrefix(w, "-"):
			return statusUsage
		case req.Name == "":
			req.Name = w
		default:
			req.Params = append(req.Params, w)
		}
	}
	if _, err := l.Load(context.Background(), req); err != nil {
		return 1
	}
	return 0
}
