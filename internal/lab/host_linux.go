package lab

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// hostBoot identifies this boot of this machine's kernel: the answers to what
// works here hold for it.
func hostBoot() string {
	var all strings.Builder
	for _, path := range []string{"/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id"} {
		b, err := os.ReadFile(path)
		if err == nil {
			all.Write(b)
		}
	}
	return all.String()
}

// hostCPU identifies the processor's model and what it can do, from the first
// entry of /proc/cpuinfo (proc(5)).
func hostCPU() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return hostBoot()
	}
	defer f.Close()
	var all strings.Builder
	s := bufio.NewScanner(io.LimitReader(f, 64<<10))
	for s.Scan() && s.Text() != "" {
		switch name, _, _ := strings.Cut(s.Text(), "\t"); name {
		case "vendor_id", "cpu family", "model", "model name", "stepping", "flags":
			all.WriteString(s.Text() + "\n")
		}
	}
	return all.String()
}

// runDelays returns for each thread of a process how long it has waited in a
// run queue, in nanoseconds: the second number of /proc/PID/task/TID/schedstat
// (Documentation/scheduler/sched-stats.rst). nil where the kernel does not tell.
func runDelays(pid int) map[int]int64 {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	delays := map[int]int64{}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile(dir + "/" + e.Name() + "/schedstat")
		if err != nil {
			continue
		}
		if f := strings.Fields(string(b)); len(f) == 3 {
			if d, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				delays[tid] = d
			}
		}
	}
	return delays
}
