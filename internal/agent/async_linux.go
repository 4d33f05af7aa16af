package agent

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// lookAsync finds who does asynchronous work. Every process is looked at, so it is
// for the rare thread that waits for such work.
func lookAsync() (a asyncWork) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	parents := map[string]string{} // process -> its parent
	kworker := map[string]bool{}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid := filepath.Base(filepath.Dir(file))
		var comm string
		comm, parents[pid] = parseTask(string(text))
		kworker[pid] = parents[pid] == kthreadd && strings.HasPrefix(comm, "kworker/")
	}
	for pid, parent := range parents {
		if !kworker[pid] && !kworker[parent] {
			continue
		}
		tasks := lookTasks(pid)
		switch {
		case kworker[parent]:
			a.helpers = append(a.helpers, tasks)
		case slices.ContainsFunc(tasks, func(s sight) bool { return s.in("async_run_entry_fn") }):
			a.workers = append(a.workers, tasks...)
		case slices.ContainsFunc(tasks, func(s sight) bool { return !s.gone && !s.asleep() }):
			a.workers = append(a.workers, tasks...) // it runs, and may run such work
		}
	}
	return a
}

// lookTasks looks at all tasks of a process.
func lookTasks(pid string) (list []sight) {
	p, _ := strconv.Atoi(pid)
	tasks, _ := filepath.Glob("/proc/" + pid + "/task/*")
	for _, dir := range tasks {
		if tid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			list = append(list, lookAt(p, tid))
		}
	}
	return list
}
