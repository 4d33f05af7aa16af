package agent

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"
)

// Numbers that golang.org/x/sys/unix does not have, from include/uapi/linux.
const (
	tcaKind    = 1          // TCA_KIND, rtnetlink.h
	tcaActTab  = 1          // TCA_ACT_TAB, pkt_cls.h (TCA_ROOT_TAB)
	tcaActKind = 1          // TCA_ACT_KIND, pkt_cls.h
	tcHRoot    = 0xFFFFFFFF // TC_H_ROOT, pkt_sched.h
	nlaNested  = 0x8000     // NLA_F_NESTED, netlink.h
)

// genetlinkFamily asks the generic netlink controller for a family
// (net/netlink/genetlink.c, ctrl_getfamily).
func genetlinkFamily(arg []string) error {
	body := []byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0} // struct genlmsghdr
	body = appendAttr(body, unix.CTRL_ATTR_FAMILY_NAME, cString(arg[0]))
	return netlink(unix.NETLINK_GENERIC, unix.GENL_ID_CTRL, 0, body)
}

// newLink makes a network interface of a kind, and takes it away again
// (net/core/rtnetlink.c, rtnl_newlink).
func newLink(arg []string) error {
	name := cString("kmodsh" + strconv.Itoa(unix.Getpid()%1000000))
	info := appendAttr(nil, unix.IFLA_INFO_KIND, cString(arg[0]))
	body := make([]byte, unix.SizeofIfInfomsg)
	body = appendAttr(body, unix.IFLA_IFNAME, name)
	body = appendAttr(body, unix.IFLA_LINKINFO|nlaNested, info)
	err := netlink(unix.NETLINK_ROUTE, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
	if err == nil {
		gone := appendAttr(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, name)
		return netlink(unix.NETLINK_ROUTE, unix.RTM_DELLINK, 0, gone)
	}
	return err
}

// newQdisc puts a queueing discipline on the loopback interface, and takes it
// away again (net/sched/sch_api.c, qdisc_create).
func newQdisc(arg []string) error {
	body := appendAttr(tcMessage(1, tcHRoot), tcaKind, cString(arg[0]))
	err := netlink(unix.NETLINK_ROUTE, unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, body)
	if err == nil {
		return netlink(unix.NETLINK_ROUTE, unix.RTM_DELQDISC, 0, tcMessage(1, tcHRoot))
	}
	return err
}

// newAction makes a traffic action without parameters, which the kernel
// refuses once it has the module (net/sched/act_api.c, tc_action_load_ops).
func newAction(arg []string) error {
	first := appendAttr(nil, tcaActKind, cString(arg[0]))
	table := appendAttr(nil, 1|nlaNested, first)
	body := appendAttr([]byte{unix.AF_UNSPEC, 0, 0, 0}, tcaActTab|nlaNested, table) // struct tcamsg
	return netlink(unix.NETLINK_ROUTE, unix.RTM_NEWACTION, unix.NLM_F_CREATE, body)
}

// nfnetlinkSubsystem sends a message that no subsystem has a use for
// (net/netfilter/nfnetlink.c, nfnetlink_rcv_msg). The protocol itself
// (net-pf-16-proto-12) may be asked for first.
func nfnetlinkSubsystem(arg []string) error {
	subsystem := number(arg[0])
	if subsystem > 255 {
		return unix.EINVAL
	}
	body := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, 0} // struct nfgenmsg
	return netlink(unix.NETLINK_NETFILTER, uint16(subsystem<<8|0xff), 0, body)
}

// tcMessage is a struct tcmsg for an interface and a parent.
func tcMessage(index int32, parent uint32) []byte {
	b := make([]byte, 8, 64)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	b = binary.NativeEndian.AppendUint32(b, 0) // handle: the kernel's choice
	b = binary.NativeEndian.AppendUint32(b, parent)
	return binary.NativeEndian.AppendUint32(b, 0) // info
}

// cString is s with the final zero byte that netlink strings have.
func cString(s string) []byte { return append([]byte(s), 0) }

// appendAttr appends an attribute (struct nlattr), padded to four bytes.
func appendAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// netlinkPatience is how long the kernel may take to answer, in seconds; a
// request's helper runs meanwhile.
const netlinkPatience = 600

// netlink sends one message and returns the kernel's answer to it.
func netlink(protocol int, kind uint16, flags uint16, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: netlinkPatience}); err != nil {
		return err
	}
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, 1) // sequence
	b = binary.NativeEndian.AppendUint32(b, 0) // port: the kernel
	if err := unix.Sendto(fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 65536)
	for {
		n, _, err := unix.Recvfrom(fd, answer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if done, err := netlinkAnswer(answer[:n]); done {
			return err
		}
	}
}

// netlinkAnswer looks for the acknowledgement among messages.
func netlinkAnswer(b []byte) (done bool, err error) {
	for len(b) >= unix.SizeofNlMsghdr {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.SizeofNlMsghdr || size > len(b) {
			return true, unix.EBADMSG
		}
		if binary.NativeEndian.Uint16(b[4:]) == unix.NLMSG_ERROR && size >= unix.SizeofNlMsghdr+4 {
			code := int32(binary.NativeEndian.Uint32(b[unix.SizeofNlMsghdr:]))
			if code == 0 {
				return true, nil
			}
			return true, unix.Errno(-code)
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false, nil
}
