package applet

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// lsmodOptions are the flags of lsmod(8) since kmod 34.
var lsmodOptions = []option{
	{short: 's', long: "syslog"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// lsmod prints the module list in the columns of kmod's tool. A module that is
// being removed has the count -1, in the kernel's list and here.
func (p *program) lsmod(args []string) error {
	flags, rest, err := p.options(args, lsmodOptions)
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "syslog":
			p.toSyslog()
		}
	}
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return said("too many arguments provided.")
	}
	k, err := p.kernel()
	if err != nil {
		return err
	}
	modules, err := k.Modules()
	if errors.Is(err, kernel.ErrNoModules) || errors.Is(err, fs.ErrNotExist) { // no /proc at all
		p.complain(said("could not open /proc/modules: %s", strerror(syscall.ENOENT)))
		return said("could not get list of modules: %s", strerror(syscall.ENOENT))
	}
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.Stdout)
	fmt.Fprintln(w, "Module                  Size  Used by")
	for _, m := range modules {
		if s, ok := k.(kernel.Sysfs); ok {
			p.lookInto(s, &m)
		}
		fmt.Fprintf(w, "%-19s %8d  %d", m.Name, m.Size, m.Refs)
		if len(m.Users) > 0 {
			fmt.Fprintf(w, " %s", strings.Join(m.Users, ","))
		}
		w.WriteByte('\n')
	}
	return w.Flush()
}

// lookInto takes what kmod's lsmod takes from /sys/module: the count, the users
// in their order there, and the size where there is one. What is not there is a
// negative errno, as with kmod: a kernel that cannot unload modules has no counts.
func (p *program) lookInto(s kernel.Sysfs, m *kernel.Module) {
	var err error
	if m.Refs, err = sysfsNumber(s, m.Name, "refcnt"); errors.Is(err, syscall.EINVAL) {
		p.complain(said("could not read integer from '/sys/module/%s/refcnt': '%s'", m.Name, strerror(syscall.EINVAL)))
	}
	if size, err := sysfsNumber(s, m.Name, "coresize"); err == nil {
		m.Size = size
	}
	if m.Users, err = s.Holders(m.Name); err != nil {
		p.complain(said("could not open '/sys/module/%s/holders': %s", m.Name, strerror(kernel.ErrnoOf(err))))
	}
}

// sysfsNumber reads an attribute that is a number; beside an error is its errno,
// negative.
func sysfsNumber(s kernel.Sysfs, module, file string) (int64, error) {
	text, err := s.Attribute(module, file)
	if err != nil {
		return -int64(kernel.ErrnoOf(err)), err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || strings.TrimRight(text, " \n") == text {
		return -int64(syscall.EINVAL), syscall.EINVAL
	}
	return n, nil
}
