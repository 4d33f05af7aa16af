//go:build !linux

package lab

import (
	"fmt"
	"runtime"
)

// runningRelease has no answer where no Linux runs.
func runningRelease() (string, error) {
	return "", fmt.Errorf("the host's kernel is %s, not Linux; use a fetched one: kmodsh lab fetch 6.12", runtime.GOOS)
}
