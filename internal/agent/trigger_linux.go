package agent

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// trigger is a thing a process can do that makes the kernel call
// request_module() for a string of one form.
type trigger struct {
	form  string                    // of the strings, for a person: "fs-TYPE"
	words func(arg []string) string // what is done, for a person
	match *regexp.Regexp            // of the whole string; its groups are the arguments
	run   func(arg []string) error  // does it, on this thread; its error is what the kernel answered
}

// triggers is the table of what can be triggered without a driver, the first
// match counts. Where each string is requested from: the comments at the run
// functions, with files of Linux 6.12.
func triggers() []trigger {
	row := func(form, pattern, words string, run func(arg []string) error) trigger {
		return trigger{
			form: form, match: regexp.MustCompile("^" + pattern + "$"), run: run,
			words: func(arg []string) string {
				for i := len(arg) - 1; i >= 0; i-- {
					words = strings.ReplaceAll(words, "$"+strconv.Itoa(i+1), arg[i])
				}
				return words
			},
		}
	}
	const n = `(\d{1,9})`
	return []trigger{
		row("fs-TYPE", `fs-([^.]+)`, "mount(2) of a file system of type $1", mountType),
		row("netdev-NAME", `netdev-(.{1,15})`, "ioctl SIOCGIFINDEX for an interface $1, without CAP_SYS_MODULE", netdevPrefixed),
		row("net-pf-2-proto-P-type-T", `net-pf-2-proto-`+n+`-type-`+n, "socket(AF_INET, $2, $1)", inetSocket(unix.AF_INET)),
		row("net-pf-2-proto-P", `net-pf-2-proto-`+n, "socket(AF_INET, SOCK_RDM, $1)", inetSocket(unix.AF_INET)),
		row("net-pf-10-proto-P-type-T", `net-pf-10-proto-`+n+`-type-`+n, "socket(AF_INET6, $2, $1)", inetSocket(unix.AF_INET6)),
		row("net-pf-10-proto-P", `net-pf-10-proto-`+n, "socket(AF_INET6, SOCK_RDM, $1)", inetSocket(unix.AF_INET6)),
		row("net-pf-16-proto-16-family-NAME", `net-pf-16-proto-16-family-(.{1,15})`, "generic netlink CTRL_CMD_GETFAMILY for $1", genetlinkFamily),
		row("net-pf-16-proto-N", `net-pf-16-proto-`+n, "socket(AF_NETLINK, SOCK_RAW, $1)", protoSocket(unix.AF_NETLINK, unix.SOCK_RAW)),
		row("net-pf-24-proto-N", `net-pf-24-proto-`+n, "socket(AF_PPPOX, SOCK_STREAM, $1)", protoSocket(unix.AF_PPPOX, unix.SOCK_STREAM)),
		row("can-proto-N", `can-proto-`+n, "socket(AF_CAN, SOCK_DGRAM, $1)", protoSocket(unix.AF_CAN, unix.SOCK_DGRAM)),
		row("bt-proto-N", `bt-proto-`+n, "socket(AF_BLUETOOTH, SOCK_RAW, $1)", protoSocket(unix.AF_BLUETOOTH, unix.SOCK_RAW)),
		row("net-pf-N", `net-pf-`+n, "socket($1, SOCK_RAW, 0)", familySocket),
		row("char-major-M-m", `char-major-`+n+`-`+n, "open(2) of a character device $1:$2", openNode(unix.S_IFCHR)),
		row("char-major-M", `char-major-`+n, "open(2) of a character device $1:0", openNode(unix.S_IFCHR)),
		row("block-major-M-m", `block-major-`+n+`-`+n, "open(2) of a block device $1:$2", openNode(unix.S_IFBLK)),
		row("block-major-M", `block-major-`+n, "open(2) of a block device $1:0", openNode(unix.S_IFBLK)),
		row("tty-ldisc-N", `tty-ldisc-`+n, "ioctl TIOCSETD on a pseudo-terminal to line discipline $1", lineDiscipline),
		row("binfmt-XXXX", `binfmt-([0-9a-f]{4})`, "execve(2) of a file with $1 in its bytes 2 and 3", execFormat),
		row("crypto-ALGORITHM", `crypto-(.{1,63})`, "bind(2) of an AF_ALG socket of type hash to $1", bindAlgorithm),
		row("algif-TYPE", `algif-(.{1,13})`, "bind(2) of an AF_ALG socket of type $1", bindAlgorithmType),
		row("tcp-ulp-NAME", `tcp-ulp-(.{1,15})`, "setsockopt TCP_ULP to $1", tcpOption(unix.TCP_ULP)),
		row("tcp_NAME", `tcp_(.{1,15})`, "setsockopt TCP_CONGESTION to $1", tcpOption(unix.TCP_CONGESTION)),
		row("rtnl-link-KIND", `rtnl-link-(.{1,40})`, "netlink RTM_NEWLINK of kind $1", newLink),
		row("net-sch-KIND", `net-sch-(.{1,15})`, "netlink RTM_NEWQDISC of kind $1 on lo", newQdisc),
		row("net-act-KIND", `net-act-(.{1,15})`, "netlink RTM_NEWACTION of kind $1", newAction),
		row("nfnetlink-subsys-N", `nfnetlink-subsys-`+n, "netlink message to subsystem $1 of NETLINK_NETFILTER", nfnetlinkSubsystem),
		row("bridge", `bridge`, "ioctl SIOCGIFBR on a socket", socketIoctl(unix.SIOCGIFBR)),
		row("8021q", `8021q`, "ioctl SIOCGIFVLAN on a socket", socketIoctl(siocgifvlan)),
		row("any other NAME of up to 15 bytes", `([^/: ]{1,15})`, "ioctl SIOCGIFINDEX for an interface $1, without CAP_NET_ADMIN", netdevBare),
	}
}

// siocgifvlan is SIOCGIFVLAN of include/uapi/linux/sockios.h.
const siocgifvlan = 0x8982

// findTrigger returns the row for a string and the arguments it holds. The
// error says which forms there are.
func findTrigger(name string) (trigger, []string, error) {
	if err := kernel.CheckAlias(name); err != nil {
		return trigger{}, nil, err
	}
	table := triggers()
	for _, t := range table {
		if m := t.match.FindStringSubmatch(name); m != nil && len(name) < kernelName {
			return t, m[1:], nil
		}
	}
	forms := make([]string, len(table))
	for i, t := range table {
		forms[i] = t.form
	}
	why := fmt.Sprintf("no user action makes the kernel ask for %.60q; what can be triggered: %s; "+
		"longer names need the test driver", name, strings.Join(forms, ", "))
	if len(name) >= kernelName {
		why = fmt.Sprintf("the kernel refuses requested names of %d bytes and more, this one has %d", kernelName, len(name))
	}
	return trigger{}, nil, &kernel.UnsupportedError{Target: "guest", Op: kernel.OpRequest, Why: why}
}

// number reads an argument that its pattern has checked to be digits.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// ioctl makes a call whose argument is memory.
func ioctl(fd int, request uintptr, arg uintptr) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, arg)
	if errno != 0 {
		return errno
	}
	return nil
}

// dropCapability takes a capability from this thread alone, for good. Use it
// only on a thread that ends with its process.
func dropCapability(capability uint) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}
	data[capability/32].Effective &^= 1 << (capability % 32)
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}

// errnoName names the errno of an error, "" for none.
func errnoName(err error) string {
	if e, ok := err.(syscall.Errno); ok {
		return kernel.ErrnoName(e)
	}
	if e := kernel.ErrnoOf(err); e != 0 {
		return kernel.ErrnoName(e)
	}
	return ""
}
