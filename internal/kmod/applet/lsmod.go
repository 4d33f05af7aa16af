package applet

import (
	"bufio"
	"fmt"
	"strings"
)

// lsmod prints the module list in the columns of kmod's tool. A module that is
// being removed has the count -1 in the kernel's list; it is printed as 0.
func (p *program) lsmod(args []string) error {
	if len(args) > 0 {
		return usageError{"takes no arguments"}
	}
	k, err := p.kernel()
	if err != nil {
		return err
	}
	modules, err := k.Modules()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.Stdout)
	fmt.Fprintln(w, "Module                  Size  Used by")
	for _, m := range modules {
		fmt.Fprintf(w, "%-19s %8d  %d", m.Name, m.Size, max(m.Refs, 0))
		if len(m.Users) > 0 {
			fmt.Fprintf(w, " %s", strings.Join(m.Users, ","))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
