package agent

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// capSyslog is CAP_SYSLOG of capability.h, without which a reader sees no
// addresses (kernel/kallsyms.c, kallsyms_show_value).
const capSyslog = 34

// hidden is what readers without CAP_SYSLOG do not see. It is found out once,
// when there is a module to look at.
type hidden struct {
	known               bool
	addresses, sections bool
}

// look finds out, with the names of the modules that are there. What cannot be
// found out is shown to all.
func (h *hidden) look(names []string) {
	if h.known || len(names) == 0 {
		return
	}
	h.known = true
	unprivileged(func() {
		if f, err := os.Open("/proc/modules"); err == nil {
			list, _ := kernel.ParseModules(f)
			f.Close()
			h.addresses = len(list) > 0
			for _, m := range list {
				h.addresses = h.addresses && isZero(m.Address)
			}
		}
		for _, name := range names {
			if text, err := readLine(filepath.Join(sysModule, name, "sections", ".text")); err == nil {
				h.sections = isZero(text)
				return
			}
		}
	})
}

// isZero says whether an address is 0x0...
func isZero(address string) bool {
	digits, ok := strings.CutPrefix(address, "0x")
	return ok && digits != "" && strings.Trim(digits, "0") == ""
}

// unprivileged runs f in a thread without CAP_SYSLOG, which ends with it.
func unprivileged(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is not used again
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if unix.Capget(&head, &data[0]) != nil {
			return
		}
		data[capSyslog/32].Effective &^= 1 << (capSyslog % 32)
		if unix.Capset(&head, &data[0]) == nil {
			f()
		}
	}()
	<-done
}
