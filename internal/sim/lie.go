package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Where /sbin/modprobe is, and where the real one lies while another program
// stands in its place.
const (
	modprobePath     = "/sbin/modprobe"
	modprobeDiverted = "/sbin/modprobe.real"
)

// helperForms are the values of the setting helper.
const helperForms = "real|exit:N|killed|missing|noexec|badformat|binfmt|slow:DURATION|stuck|insmod"

// maxSlow bounds how long a slow helper sleeps first.
const maxSlow = time.Hour

// setHelper puts another program in the place of /sbin/modprobe: one that
// exits with a status and does no work, is killed, cannot be started, is slow
// or never ends; or the real one back.
func (w *World) setHelper(form string) error {
	x, err := w.helperOf(form)
	if err != nil {
		return err
	}
	if _, diverted := w.programs[modprobeDiverted]; !diverted {
		w.programs[modprobeDiverted] = w.programs[modprobePath]
	}
	w.programs[modprobePath] = x
	w.helper = form
	if form == "real" {
		w.helper = ""
	}
	return nil
}

// helperText is the present value of the setting helper.
func (w *World) helperText() string {
	if w.helper == "" {
		return "real"
	}
	return w.helper
}

func (w *World) helperOf(form string) (Exec, error) {
	honest, diverted := w.programs[modprobeDiverted]
	if !diverted {
		honest = w.programs[modprobePath]
	}
	kind, arg, _ := strings.Cut(form, ":")
	switch kind {
	case "real":
		return honest, nil
	case "exit":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 || n > 255 {
			return Exec{}, fmt.Errorf("helper exit:%s: want an exit status from 0 to 255", arg)
		}
		return Exec{Run: func(*Thread, []string) int { return n }}, nil
	case "killed":
		return Exec{Run: func(h *Thread, _ []string) int {
			w.Signal(h, SIGKILL)
			h.userspace()
			return 0
		}}, nil
	case "missing":
		return Exec{Errno: ENOENT}, nil
	case "noexec":
		return Exec{Errno: EACCES}, nil
	case "badformat":
		return Exec{Errno: ENOEXEC}, nil
	case "binfmt":
		return Exec{Binfmt: "binfmt-464c"}, nil
	case "insmod":
		return Exec{Run: insmodOnly}, nil
	case "slow":
		d, err := time.ParseDuration(arg)
		if err != nil || d <= 0 || d > maxSlow {
			return Exec{}, fmt.Errorf("helper slow:%s: want a time of up to %s, such as slow:12s", arg, maxSlow)
		}
		return Exec{Run: func(h *Thread, argv []string) int {
			h.Sleep(d, "a while, being slow")
			h.userspace()
			return honest.Run(h, argv)
		}}, nil
	case "stuck":
		return Exec{Run: func(h *Thread, _ []string) int {
			h.WaitUntil(nil, 0, Killable, "nothing: it is stuck", func() bool { return false })
			h.userspace()
			return 0
		}}, nil
	}
	return Exec{}, fmt.Errorf("helper %q: want one of %s", form, helperForms)
}
