package agent

import (
	"fmt"
	"os"
	"strconv"
)

// lookAt reads where the task tid of process pid stands.
func lookAt(pid, tid int) sight {
	dir := fmt.Sprintf("/proc/%d/task/%d/", pid, tid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return sight{gone: true}
	}
	s := sight{state: parseStat(string(stat))}
	if s.state == 'Z' || s.state == 'X' || s.state == 0 {
		return sight{gone: true, state: s.state}
	}
	if s.asleep() {
		if stack, err := os.ReadFile(dir + "stack"); err == nil {
			s.stack = parseStack(string(stack))
		}
	}
	return s
}

// kthreadd is the process whose children are the kernel's threads
// (init/main.c, rest_init).
const kthreadd = "2"

// parentOf returns the parent of a process, "" when that cannot be read.
func parentOf(pid string) string {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	_, parent := parseTask(string(text))
	return parent
}

// hungTimeout is the file of the time-out of the kernel's watchdog of tasks that
// hang (CONFIG_DETECT_HUNG_TASK), in seconds.
const hungTimeout = "/proc/sys/kernel/hung_task_timeout_secs"

// hungLimit is that time-out in nanoseconds, 0 where there is none.
func hungLimit() int64 {
	line, err := readLine(hungTimeout)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(line, 10, 32)
	if err != nil {
		return 0
	}
	return n * second
}
