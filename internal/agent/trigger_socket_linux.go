package agent

import (
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// netdevPrefixed looks for an interface; the kernel asks for netdev-NAME, and
// without CAP_SYS_MODULE for no more (net/core/dev_ioctl.c, dev_load).
func netdevPrefixed(arg []string) error {
	if err := dropCapability(unix.CAP_SYS_MODULE); err != nil {
		return err
	}
	return interfaceIndex(arg[0])
}

// netdevBare looks for an interface; without CAP_NET_ADMIN the kernel leaves
// netdev-NAME out and asks for NAME alone (net/core/dev_ioctl.c, dev_load).
func netdevBare(arg []string) error {
	if err := dropCapability(unix.CAP_NET_ADMIN); err != nil {
		return err
	}
	return interfaceIndex(arg[0])
}

func interfaceIndex(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req)
}

// familySocket opens a socket of an address family (net/socket.c,
// __sock_create).
func familySocket(arg []string) error { return openSocket(number(arg[0]), unix.SOCK_RAW, 0) }

// protoSocket opens a socket of a family that has protocols of its own
// (net/netlink/af_netlink.c, net/can/af_can.c, net/bluetooth/af_bluetooth.c,
// drivers/net/ppp/pppox.c).
func protoSocket(family, kind int) func([]string) error {
	return func(arg []string) error { return openSocket(family, kind, number(arg[0])) }
}

// inetSocket opens an internet socket; the kernel asks for the string with a
// type first, and for the one without when that did not help
// (net/ipv4/af_inet.c, inet_create; net/ipv6/af_inet6.c, inet6_create). No
// protocol has the type SOCK_RDM.
func inetSocket(family int) func([]string) error {
	return func(arg []string) error {
		kind := unix.SOCK_RDM
		if len(arg) > 1 {
			kind = number(arg[1])
		}
		return openSocket(family, kind, number(arg[0]))
	}
}

func openSocket(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind, protocol)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// bindAlgorithm binds a socket of the kernel's crypto interface to a hash of
// the name; the kernel looks the name up whatever kind of algorithm it is, and
// asks for crypto-NAME, then crypto-NAME-all (crypto/api.c,
// crypto_larval_lookup). The address family (net-pf-38) and the type
// (algif-hash) may be asked for first.
func bindAlgorithm(arg []string) error { return bindAlg("hash", arg[0]) }

// bindAlgorithmType binds such a socket to a type (crypto/af_alg.c, alg_bind),
// and to an algorithm whose name is too long to be requested.
func bindAlgorithmType(arg []string) error { return bindAlg(arg[0], strings.Repeat("x", kernelName)) }

func bindAlg(kind, name string) error {
	fd, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrALG{Type: kind, Name: name})
}

// tcpOption sets an option of a TCP socket that names a module
// (net/ipv4/tcp_cong.c, net/ipv4/tcp_ulp.c).
func tcpOption(option int) func([]string) error {
	return func(arg []string) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.SetsockoptString(fd, unix.IPPROTO_TCP, option, arg[0])
	}
}

// socketIoctl makes an ioctl that the socket layer passes to a module
// (net/socket.c, sock_ioctl). Its argument is memory that the handler may fill.
func socketIoctl(request uintptr) func([]string) error {
	return func([]string) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		// BRCTL_GET_BRIDGES, GET_VLAN_REALDEV_NAME_CMD and their like read
		// at most this, and find a request that asks for nothing.
		arg := make([]byte, 256)
		err = ioctl(fd, request, uintptr(unsafe.Pointer(&arg[0])))
		runtime.KeepAlive(arg)
		return err
	}
}
