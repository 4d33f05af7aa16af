//go:build !amd64

package agent

import "runtime"

// pause lets others run; guests with a counted clock are x86-64.
func pause() { runtime.Gosched() }
