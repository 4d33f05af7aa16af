package agent

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// TestFindTrigger checks which user action is chosen for a string, and with
// which arguments.
func TestFindTrigger(t *testing.T) {
	tests := []struct{ name, form, words string }{
		{"fs-ext4", "fs-TYPE", "mount(2) of a file system of type ext4"},
		{"netdev-eth0", "netdev-NAME", "ioctl SIOCGIFINDEX for an interface eth0, without CAP_SYS_MODULE"},
		{"net-pf-9", "net-pf-N", "socket(9, SOCK_RAW, 0)"},
		{"net-pf-2-proto-132-type-5", "net-pf-2-proto-P-type-T", "socket(AF_INET, 5, 132)"},
		{"net-pf-2-proto-132", "net-pf-2-proto-P", "socket(AF_INET, SOCK_RDM, 132)"},
		{"net-pf-10-proto-132-type-5", "net-pf-10-proto-P-type-T", "socket(AF_INET6, 5, 132)"},
		{"net-pf-16-proto-9", "net-pf-16-proto-N", "socket(AF_NETLINK, SOCK_RAW, 9)"},
		{"net-pf-16-proto-16-family-tipc", "net-pf-16-proto-16-family-NAME", "generic netlink CTRL_CMD_GETFAMILY for tipc"},
		{"char-major-10-229", "char-major-M-m", "open(2) of a character device 10:229"},
		{"char-major-21", "char-major-M", "open(2) of a character device 21:0"},
		{"block-major-7-1", "block-major-M-m", "open(2) of a block device 7:1"},
		{"crypto-cbc(aes)", "crypto-ALGORITHM", "bind(2) of an AF_ALG socket of type hash to cbc(aes)"},
		{"algif-rng", "algif-TYPE", "bind(2) of an AF_ALG socket of type rng"},
		{"tcp_bbr", "tcp_NAME", "setsockopt TCP_CONGESTION to bbr"},
		{"tcp-ulp-tls", "tcp-ulp-NAME", "setsockopt TCP_ULP to tls"},
		{"rtnl-link-vxlan", "rtnl-link-KIND", "netlink RTM_NEWLINK of kind vxlan"},
		{"net-sch-fq", "net-sch-KIND", "netlink RTM_NEWQDISC of kind fq on lo"},
		{"net-act-gact", "net-act-KIND", "netlink RTM_NEWACTION of kind gact"},
		{"tty-ldisc-3", "tty-ldisc-N", "ioctl TIOCSETD on a pseudo-terminal to line discipline 3"},
		{"binfmt-0b0a", "binfmt-XXXX", "execve(2) of a file with 0b0a in its bytes 2 and 3"},
		{"nfnetlink-subsys-10", "nfnetlink-subsys-N", "netlink message to subsystem 10 of NETLINK_NETFILTER"},
		{"bridge", "bridge", "ioctl SIOCGIFBR on a socket"},
		{"8021q", "8021q", "ioctl SIOCGIFVLAN on a socket"},
		{"snd-hda-intel", "any other NAME of up to 15 bytes", "ioctl SIOCGIFINDEX for an interface snd-hda-intel, without CAP_NET_ADMIN"},
		{"net-pf-x", "any other NAME of up to 15 bytes", "ioctl SIOCGIFINDEX for an interface net-pf-x, without CAP_NET_ADMIN"},
	}
	for _, tt := range tests {
		tr, arg, err := findTrigger(tt.name)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := tr.words(arg); tr.form != tt.form || got != tt.words {
			t.Errorf("%s: %s by %q, want %s by %q", tt.name, tr.form, got, tt.form, tt.words)
		}
	}
	for _, name := range []string{"a_name_of_16_char", "fs-" + strings.Repeat("x", 60), "netdev-a_name_of_16_char", "usb:v1234p5678d0000dc00"} {
		var no *kernel.UnsupportedError
		if _, _, err := findTrigger(name); !errors.As(err, &no) || no.Op != kernel.OpRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "-q", "/etc/passwd", "a b", "fs-\x00", "../x"} {
		if _, _, err := findTrigger(name); !errors.Is(err, kernel.ErrInvalidName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNetlinkAnswer(t *testing.T) {
	message := func(kind uint16, code int32) []byte {
		b := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+4)
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = append(b, make([]byte, 10)...)
		return binary.NativeEndian.AppendUint32(b, uint32(code))
	}
	ack, no, data := message(unix.NLMSG_ERROR, 0), message(unix.NLMSG_ERROR, -int32(unix.ENODEV)), message(99, 0)
	tests := []struct {
		name string
		b    []byte
		done bool
		err  error
	}{
		{"acknowledged", ack, true, nil},
		{"refused", no, true, unix.ENODEV},
		{"data first", append(append([]byte{}, data...), no...), true, unix.ENODEV},
		{"data alone", data, false, nil},
		{"nothing", nil, false, nil},
		{"cut off", ack[:18], true, unix.EBADMSG},
		{"no length", make([]byte, 20), true, unix.EBADMSG},
	}
	for _, tt := range tests {
		if done, err := netlinkAnswer(tt.b); done != tt.done || err != tt.err {
			t.Errorf("%s: %v, %v", tt.name, done, err)
		}
	}
}
