package alias

import (
	"strconv"
	"strings"
)

// valueText says what the value of a field means, "" where it speaks for itself.
func valueText(field, value string) string {
	switch {
	case value == "*":
		return "any"
	case strings.ContainsAny(value, "*?["):
		return ""
	}
	switch field {
	case "socket family":
		return fromList(socketFamilyNames[:], value, 10)
	case "netfilter family":
		return netfilterFamilies(value)
	case "ip protocol":
		return ipProtocols(value)
	case "netlink protocol":
		return fromList(netlinkProtocols[:], value, 10)
	case "nfnetlink subsystem":
		return fromList(nfnetlinkSubsystems[:], value, 10)
	case "socket type":
		return fromList([]string{"", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "SOCK_DCCP"}, value, 10)
	case "bluetooth protocol":
		return fromList([]string{"L2CAP", "HCI", "SCO", "RFCOMM", "BNEP", "CMTP", "HIDP", "AVDTP", "ISO"}, value, 10)
	case "line discipline":
		return lineDisciplines(value)
	case "major":
		return majors(value)
	case "pci class":
		return fromList(pciClasses[:], value, 16)
	case "usb class":
		return usbClasses(value)
	case "bus type":
		return busTypes(strings.TrimLeft(value, "0"))
	case "cpu vendor":
		return cpuVendors(strings.TrimLeft(value, "0"))
	case "virtio device":
		return virtioDevices(strings.TrimLeft(value, "0"))
	case "hid group":
		return hidGroups(strings.TrimLeft(value, "0"))
	case "serio type":
		return serioTypes(value)
	case "scsi type":
		return scsiTypes(value)
	case "pci vendor":
		return pciVendors(strings.TrimPrefix(value, "0000"))
	}
	return ""
}

func fromList(names []string, value string, base int) string {
	n, err := strconv.ParseUint(value, base, 16)
	if err != nil || n >= uint64(len(names)) {
		return ""
	}
	return names[n]
}

// socketFamilyNames are the address families (include/linux/socket.h).
var socketFamilyNames = [...]string{
	"", "AF_UNIX", "AF_INET", "AF_AX25", "AF_IPX", "AF_APPLETALK", "AF_NETROM", "AF_BRIDGE", "AF_ATMPVC", "AF_X25",
	"AF_INET6", "AF_ROSE", "AF_DECnet", "AF_NETBEUI", "AF_SECURITY", "AF_KEY", "AF_NETLINK", "AF_PACKET", "AF_ASH", "AF_ECONET",
	"AF_ATMSVC", "AF_RDS", "AF_SNA", "AF_IRDA", "AF_PPPOX", "AF_WANPIPE", "AF_LLC", "AF_IB", "AF_MPLS", "AF_CAN",
	"AF_TIPC", "AF_BLUETOOTH", "AF_IUCV", "AF_RXRPC", "AF_ISDN", "AF_PHONET", "AF_IEEE802154", "AF_CAIF", "AF_ALG", "AF_NFC",
	"AF_VSOCK", "AF_KCM", "AF_QIPCRTR", "AF_SMC", "AF_XDP", "AF_MCTP",
}

// netlinkProtocols are those of include/uapi/linux/netlink.h.
var netlinkProtocols = [...]string{
	"NETLINK_ROUTE", "", "NETLINK_USERSOCK", "NETLINK_FIREWALL", "NETLINK_SOCK_DIAG", "NETLINK_NFLOG", "NETLINK_XFRM", "NETLINK_SELINUX",
	"NETLINK_ISCSI", "NETLINK_AUDIT", "NETLINK_FIB_LOOKUP", "NETLINK_CONNECTOR", "NETLINK_NETFILTER", "NETLINK_IP6_FW", "NETLINK_DNRTMSG",
	"NETLINK_KOBJECT_UEVENT", "NETLINK_GENERIC", "", "NETLINK_SCSITRANSPORT", "NETLINK_ECRYPTFS", "NETLINK_RDMA", "NETLINK_CRYPTO", "NETLINK_SMC",
}

// nfnetlinkSubsystems are those of include/uapi/linux/netfilter/nfnetlink.h.
var nfnetlinkSubsystems = [...]string{
	"", "conntrack", "expectations", "queue", "log", "OS fingerprints", "IP sets", "accounting", "connection time-outs", "connection helpers", "nftables", "nftables compatibility", "hooks",
}

func ipProtocols(v string) string {
	switch v {
	case "0":
		return "IPPROTO_IP, the default"
	case "1":
		return "ICMP"
	case "2":
		return "IGMP"
	case "4":
		return "IPv4 in IP"
	case "41":
		return "IPv6 in IP"
	case "43":
		return "routing header"
	case "60":
		return "destination options"
	case "135":
		return "mobility header"
	case "256":
		return "SMC"
	case "6":
		return "TCP"
	case "17":
		return "UDP"
	case "33":
		return "DCCP"
	case "47":
		return "GRE"
	case "50":
		return "ESP"
	case "51":
		return "AH"
	case "58":
		return "ICMPv6"
	case "108":
		return "IPComp"
	case "115":
		return "L2TP"
	case "132":
		return "SCTP"
	case "136":
		return "UDP-Lite"
	case "255":
		return "raw"
	case "262":
		return "MPTCP"
	}
	return ""
}

func netfilterFamilies(v string) string {
	switch v {
	case "1":
		return "inet"
	case "2":
		return "IPv4"
	case "3":
		return "ARP"
	case "5":
		return "netdev"
	case "7":
		return "bridge"
	case "10":
		return "IPv6"
	}
	return ""
}

func lineDisciplines(v string) string {
	switch v {
	case "1":
		return "SLIP"
	case "2":
		return "mouse"
	case "3":
		return "asynchronous PPP"
	case "5":
		return "6PACK or AX.25"
	case "13":
		return "synchronous HDLC"
	case "14":
		return "synchronous PPP"
	case "15":
		return "Bluetooth HCI"
	case "17":
		return "serial CAN"
	case "18":
		return "PPS"
	case "21":
		return "GSM 07.10 multiplexer"
	}
	return ""
}

// majors are some of Documentation/admin-guide/devices.txt.
func majors(v string) string {
	switch v {
	case "2":
		return "floppy (block)"
	case "6":
		return "parallel printers"
	case "7":
		return "loop (block), virtual consoles (char)"
	case "8":
		return "SCSI disks (block)"
	case "9":
		return "SCSI tapes (char), RAID (block)"
	case "10":
		return "misc devices"
	case "13":
		return "input"
	case "14":
		return "OSS sound"
	case "21":
		return "generic SCSI"
	case "43":
		return "network block devices"
	case "81":
		return "video"
	case "108":
		return "PPP"
	case "116":
		return "ALSA sound"
	case "180":
		return "USB"
	case "189":
		return "raw USB"
	case "195":
		return "graphics cards of NVIDIA's own driver"
	}
	return ""
}
