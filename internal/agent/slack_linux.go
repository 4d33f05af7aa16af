package agent

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// watcherSlack is how late the monitor of Go's runtime may wake, in nanoseconds.
const watcherSlack = "1000000"

// calmRuntime lets this process's runtime look after itself less often where
// there is but one processor. The runtime's monitor wakes every 20 us while
// anything runs (runtime/proc.go, sysmon), on a processor of its own as a rule;
// on an emulated one, where a wake-up takes as long, it had a fifth of the time.
// Its timer slack (proc(5), timerslack_ns) makes that a millisecond; threads that
// do the guest's work keep theirs. A process whose monitor is not found runs on
// as it was.
func calmRuntime() {
	if runtime.NumCPU() > 1 {
		return
	}
	if tid := monitorThread("/proc/self/task", os.Getpid()); tid > 0 {
		if fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/timerslack_ns", unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
			unix.Write(fd, []byte(watcherSlack))
			unix.Close(fd)
		}
	}
}

// monitorThread returns the thread of the runtime's monitor, 0 when there is
// none: the runtime makes it before any other (runtime/proc.go, main), so its
// number comes after the process's own. After the numbers have begun again from
// below it may be another, whose timers are late then, by no more.
func monitorThread(dir string, pid int) int {
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	first := 0
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil && tid > pid && (first == 0 || tid < first) {
			first = tid
		}
	}
	return first
}
