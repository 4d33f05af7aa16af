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
