package agent

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// helperForms are the values of the setting helper: what stands in the place of
// /sbin/modprobe.
const helperForms = "real|exit:N|killed|missing|noexec|badformat|binfmt|slow:DURATION|stuck|insmod"

// helperForm is one of them, read.
type helperForm struct {
	kind string
	exit int           // of exit:N
	slow time.Duration // of slow:DURATION
}

// readHelper reads a value of the setting helper.
func readHelper(text string) (helperForm, error) {
	kind, arg, has := strings.Cut(text, ":")
	f := helperForm{kind: kind}
	switch kind {
	case "exit":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 || n > 255 {
			return f, fmt.Errorf("helper exit:%s: want an exit status from 0 to 255", clipText(arg, 16))
		}
		f.exit = n
		return f, nil
	case "slow":
		d, err := time.ParseDuration(arg)
		if err != nil || d <= 0 || d > helperSlow {
			return f, fmt.Errorf("helper slow:%s: want a time of up to %s, such as slow:12s", clipText(arg, 16), helperSlow)
		}
		f.slow = d
		return f, nil
	case "real", "killed", "missing", "noexec", "badformat", "binfmt", "stuck", "insmod":
		if !has {
			return f, nil
		}
	}
	return f, fmt.Errorf("helper %q: want one of %s", clipText(text, 32), helperForms)
}

// helperSlow bounds how long a slow helper sleeps first.
const helperSlow = time.Hour
