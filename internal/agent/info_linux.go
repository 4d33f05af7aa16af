package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// info answers what the guest's kernel is.
func (g *guest) info(context.Context, json.RawMessage) (any, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, fmt.Errorf("uname: %w", err)
	}
	i := kernel.Info{
		Release: unix.ByteSliceToString(u.Release[:]),
		Version: unix.ByteSliceToString(u.Version[:]),
		Machine: unix.ByteSliceToString(u.Machine[:]),
		CPUs:    runtime.NumCPU(),
	}
	if s, err := readLine("/proc/sys/kernel/tainted"); err == nil {
		if i.Taint, err = strconv.ParseUint(s, 10, 64); err != nil {
			return nil, fmt.Errorf("/proc/sys/kernel/tainted: %w", err)
		}
	}
	// A kernel without CONFIG_MODULES has no such file, and no modprobe.
	i.Modprobe, _ = readLine("/proc/sys/kernel/modprobe")
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err == nil {
		i.Uptime = time.Duration(ts.Nano())
	}
	var si unix.Sysinfo_t
	if err := unix.Sysinfo(&si); err == nil {
		i.Memory = int64(si.Totalram) * int64(si.Unit)
	}
	list, err := g.kernel.Modules()
	if err != nil {
		return i, err
	}
	i.Modules = len(list)
	return i, nil
}

// system answers what the guest's kernel demands of modules. All its keys are
// seen, since the agent is root.
func (g *guest) system(context.Context, json.RawMessage) (any, error) {
	return kernel.ReadSystem(""), nil
}

// params answers the parameters of modules that sysfs shows.
func (g *guest) params(context.Context, json.RawMessage) (any, error) { return kernel.ReadParams("") }

// readLine reads a file of one line.
func readLine(path string) (string, error) {
	b, err := os.ReadFile(path)
	return strings.TrimSpace(string(b)), err
}
