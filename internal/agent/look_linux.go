package agent

import (
	"fmt"
	"os"
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
