package alias

// pciClasses are the base classes of PCI devices.
var pciClasses = [...]string{
	"unclassified", "mass storage", "network", "display", "multimedia", "memory", "bridge", "communication", "system", "input",
	"docking station", "processor", "serial bus", "wireless", "intelligent I/O", "satellite", "encryption", "signal processing", "accelerator", "instrumentation",
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
	case "10":
		return "ISA"
	case "11":
		return "i8042"
	case "13":
		return "RS-232"
	case "14":
		return "game port"
	case "15":
		return "parallel port"
	case "17":
		return "ADB"
	case "18":
		return "I2C"
	case "19":
		return "host"
	case "1C":
		return "SPI"
	case "1D":
		return "RMI"
	case "1E":
		return "CEC"
	case "1F":
		return "Intel sensor hub"
	case "20":
		return "AMD sensor hub"
	}
	return ""
}

// hidGroups are those of include/linux/hid.h, without leading zeros.
func hidGroups(v string) string {
	switch v {
	case "1":
		return "generic"
	case "2":
		return "multitouch"
	case "3":
		return "sensor hub"
	case "4":
		return "multitouch of Windows 8"
	case "100":
		return "Synaptics RMI"
	case "101":
		return "Wacom"
	case "102":
		return "Logitech receiver"
	case "103":
		return "Steam controller"
	case "104":
		return "Logitech 27 MHz"
	case "105":
		return "Vivaldi keyboard"
	}
	return ""
}

// serioTypes are those of include/uapi/linux/serio.h.
func serioTypes(v string) string {
	switch v {
	case "00":
		return "XT"
	case "01":
		return "PS/2"
	case "02":
		return "RS-232"
	case "03":
		return "HIL"
	case "05":
		return "PS/2 passed through"
	case "06":
		return "PS/2, translated"
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
	case "7":
		return "remote processor messages"
	case "8":
		return "SCSI"
	case "B":
		return "remote processor serial"
	case "C":
		return "CAIF"
	case "1D":
		return "simulated Wi-Fi"
	case "20":
		return "SCMI"
	case "24":
		return "CAN"
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
	case "02":
		return "printer"
	case "03":
		return "processor"
	case "06":
		return "scanner"
	case "09":
		return "communication"
	case "0c":
		return "RAID controller"
	case "11":
		return "object store"
	case "14":
		return "zoned disk"
	case "1e":
		return "well-known logical unit"
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

// cpuVendors are those of arch/x86/include/asm/processor.h, in hexadecimal
// without leading zeros.
func cpuVendors(v string) string {
	switch v {
	case "":
		return "Intel"
	case "1":
		return "Cyrix"
	case "2":
		return "AMD"
	case "5":
		return "Centaur"
	case "7":
		return "Transmeta"
	case "9":
		return "Hygon"
	case "A":
		return "Zhaoxin"
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
