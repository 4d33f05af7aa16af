package condition

import (
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// selftestFunctions are what the kernel's kmod selftest asks: what its test
// driver reports, and who is shown addresses.
func selftestFunctions(e *env, s *kernel.Snapshot) {
	e.TestResult = func(verb string) any { return testResult(s, verb) }
	e.Address = func(name string, reader ...string) string {
		if e.Listed(name) == "" {
			return ""
		}
		return addressText(s.Module(name).Address, s.HidesAddresses && slices.Contains(reader, unprivileged))
	}
	e.Section = func(name string, reader ...string) string {
		m := s.Module(name)
		if m == nil || !slices.Contains(m.Files, "sections") {
			return ""
		}
		return addressText(m.Address, s.HidesSections && slices.Contains(reader, unprivileged))
	}
}

// unprivileged is the word for a reader without CAP_SYSLOG.
const unprivileged = "unprivileged"

// addressText is an address as the kernel prints it (lib/vsprintf.c, %px).
func addressText(a uint64, hidden bool) string {
	if hidden {
		a = 0
	}
	digits := strconv.FormatUint(a, 16)
	return "0x" + strings.Repeat("0", 16-len(digits)) + digits
}

// testResult is test_result of the driver test_kmod after a run of its threads
// (lib/test_kmod.c, tally_up_work): of requests the last that is not zero, of
// get_fs_type -EINVAL when any found nothing. It is nothing while one of them
// has not ended, and when there is none.
func testResult(s *kernel.Snapshot, verb string) any {
	var result any
	for i := range s.Threads {
		t := &s.Threads[i]
		if v, _, _ := strings.Cut(t.Task, " "); v != verb || t.Parent != "" {
			continue
		}
		if !t.Done {
			return nil
		}
		if result == nil {
			result = int64(0)
		}
		switch {
		case t.Result != 0 && verb == "getfs":
			result = -int64(errnoValues().EINVAL)
		case t.Result != 0:
			result = t.Result
		}
	}
	return result
}
