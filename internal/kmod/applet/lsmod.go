package applet

import (
	"bufio"
	"errors"
	"fmt"
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
	if errors.Is(err, kernel.ErrNoModules) {
		p.complain(said("could not open /proc/modules: %s", strerror(syscall.ENOENT)))
		return said("could not get list of modules: %s", strerror(syscall.ENOENT))
	}
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.Stdout)
	fmt.Fprintln(w, "Module                  Size  Used by")
	for _, m := range modules {
		fmt.Fprintf(w, "%-19s %8d  %d", m.Name, m.Size, m.Refs)
		if len(m.Users) > 0 {
			fmt.Fprintf(w, " %s", strings.Join(m.Users, ","))
		}
		w.WriteByte('\n')
	}
	return w.Flush()
}
