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
	case "virtio device":
		return virtioDevices(strings.TrimLeft(value, "0"))
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

// pciClasses are the base classes of PCI devices.
var pciClasses = [...]string{
	"unclassified", "mass storage", "network", "display", "multimedia", "memory", "bridge", "communication", "system", "input",
	"docking station", "processor", "serial bus", "wireless", "intelligent I/O", "satellite", "encryption", "signal processing", "accelerator", "instrumentation",
}

func ipProtocols(v string) string {
	switch v {
	case "0":
		return "IPPROTO_IP, the default"
	case "1":
		return "ICMP"
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

func usbClasses(v string) string {
	switch v {
	case "01":
		return "audio"
	case "02":
		return "communication"
	case "03":
		return "HID"
	case "05":
		return "physical"
	case "06":
		return "still image"
	case "07":
		return "printer"
	case "08":
		return "mass storage"
	case "09":
		return "hub"
	case "0A":
		return "CDC data"
	case "0B":
		return "smart card"
	case "0E":
		return "video"
	case "DC":
		return "diagnostic"
	case "E0":
		return "wireless"
	case "EF":
		return "miscellaneous"
	case "FE":
		return "application specific"
	case "FF":
		return "vendor's own"
	}
	return ""
}

// busTypes are those of include/uapi/linux/input.h, without leading zeros.
func busTypes(v string) string {
	switch v {
	case "1":
		return "PCI"
	case "3":
		return "USB"
	case "5":
		return "Bluetooth"
	case "6":
		return "virtual"
	case "11":
		return "i8042"
	case "13":
		return "RS-232"
	case "18":
		return "I2C"
	case "19":
		return "host"
	case "1C":
		return "SPI"
	}
	return ""
}

// virtioDevices are those of include/uapi/linux/virtio_ids.h, in hexadecimal
// without leading zeros.
func virtioDevices(v string) string {
	switch v {
	case "1":
		return "network"
	case "2":
		return "block"
	case "3":
		return "console"
	case "4":
		return "random numbers"
	case "5":
		return "memory balloon"
	case "8":
		return "SCSI"
	case "9":
		return "9P"
	case "10":
		return "graphics"
	case "12":
		return "input"
	case "13":
		return "vsock"
	case "14":
		return "crypto"
	case "17":
		return "IOMMU"
	case "18":
		return "memory"
	case "19":
		return "sound"
	case "1A":
		return "file system"
	case "1B":
		return "persistent memory"
	case "22":
		return "I2C"
	case "28":
		return "Bluetooth"
	case "29":
		return "GPIO"
	}
	return ""
}

func scsiTypes(v string) string {
	switch v {
	case "00":
		return "disk"
	case "01":
		return "tape"
	case "03":
		return "processor"
	case "04":
		return "write-once"
	case "05":
		return "CD-ROM"
	case "07":
		return "optical memory"
	case "08":
		return "media changer"
	case "0d":
		return "enclosure"
	case "0e":
		return "reduced block commands"
	}
	return ""
}

// pciVendors are those one meets in every machine.
func pciVendors(v string) string {
	switch v {
	case "8086":
		return "Intel"
	case "1022":
		return "AMD"
	case "1002":
		return "AMD graphics"
	case "10DE":
		return "NVIDIA"
	case "14E4":
		return "Broadcom"
	case "10EC":
		return "Realtek"
	case "168C":
		return "Qualcomm Atheros"
	case "1AF4":
		return "virtio"
	case "15AD":
		return "VMware"
	case "15B3":
		return "Mellanox"
	}
	return ""
}
