package alias

const (
	noPnp  = "no code: the bus (drivers/pnp/driver.c) puts no MODALIAS into its uevents"
	byHand = "modprobe by hand, or a program that reads /sys/bus/pnp/devices/*/id"
	uevent = "a device appears, and udev passes on MODALIAS of its uevent; or: udevadm trigger"
)

// busFamilies are the aliases of device tables (scripts/mod/file2alias.c makes
// them). Asks is the file of the bus that puts the device's own into a uevent.
func busFamilies() []Family {
	bus := func(format, what, asks string) Family {
		return Family{Format: format, What: what, Asks: asks, Trigger: uevent}
	}
	return []Family{
		bus("pci:v{pci vendor:hex}d{device:hex}sv{subsystem vendor:hex}sd{subsystem device:hex}bc{pci class:hex}sc{subclass:hex}i{interface:hex}", "the driver of a PCI device", "drivers/pci/pci-driver.c"),
		{Format: "vfio_pci:v{pci vendor:hex}d{device:hex}sv{subsystem vendor:hex}sd{subsystem device:hex}bc{pci class:hex}sc{subclass:hex}i{interface:hex}", What: "the driver that gives a PCI device to user space", Asks: "no code: tools of virtual machines look for it in modules.alias", Trigger: "libvirt or driverctl, when a machine is given the device"},
		bus("usb:v{vendor:hex}p{product:hex}d{release:hex}dc{usb class:hex}dsc{device subclass:hex}dp{device protocol:hex}ic{usb class:hex}isc{interface subclass:hex}ip{interface protocol:hex}in{interface number:hex}", "the driver of an interface of a USB device", "drivers/usb/core/message.c"),
		bus("of:N{node name}T{device type}C{compatible}", "the driver of a node of the device tree", "drivers/of/module.c"),
		bus("i2c:{chip}", "the driver of an I2C chip", "drivers/i2c/i2c-core-base.c"),
		bus("i3c:dcr{dcr:hex}manuf{manufacturer:hex}part{part:hex}ext{extra:hex}", "the driver of an I3C device", "drivers/i3c/master.c"),
		bus("spi:{chip}", "the driver of an SPI chip", "drivers/spi/spi.c"),
		bus("acpi*:{acpi id}:*", "the driver of an ACPI device", "drivers/acpi/device_sysfs.c"),
		bus("acpi:{acpi id}:{more}", "the driver of an ACPI device", "drivers/acpi/device_sysfs.c"),
		bus("hid:b{bus type:hex}g{hid group:hex}v{vendor:hex}p{product:hex}", "the driver of an input device that speaks HID", "drivers/hid/hid-core.c"),
		bus("pcmcia:m{manufacturer:hex}c{card:hex}f{function:hex}fn{function number:hex}pfn{device number:hex}pa{hash of product 1:hex}pb{hash of product 2:hex}pc{hash of product 3:hex}pd{hash of product 4:hex}", "the driver of a PC card", "drivers/pcmcia/ds.c"),
		bus("hdaudio:v{codec:hex}r{revision:hex}a{kind:hex}", "the driver of a codec of HD audio", "sound/hda/hda_bus_type.c"),
		bus("platform:{device}", "the driver of a device that other code names", "drivers/base/platform.c"),
		{Format: "dmi*:{fields}", What: "what fits a machine by its maker's description", Asks: "drivers/firmware/dmi-id.c", Trigger: uevent, split: splitDMI},
		{Format: "dmi:{fields}", What: "what fits a machine by its maker's description", Asks: "drivers/firmware/dmi-id.c", Trigger: uevent, split: splitDMI},
		bus("ieee1394:ven{vendor:hex}mo{model:hex}sp{specifier:hex}ver{version:hex}", "the driver of a unit on FireWire", "drivers/firewire/core-device.c"),
		{Format: "cpu:type:{processor type},ven{cpu vendor}fam{family}mod{model}:feature:{features}", What: "what fits a processor", Asks: "drivers/base/cpu.c, in the form of arch/x86/include/asm/cpufeature.h", Trigger: uevent, Note: "features are numbers of arch/x86/include/asm/cpufeatures.h in hexadecimal: 32 times the word, and the bit"},
		{Format: "cpu:type:{processor type}:feature:{features}", What: "what fits a processor", Asks: "drivers/base/cpu.c", Trigger: uevent, Note: "features are numbers of the architecture's asm/cpufeature.h in hexadecimal"},
		bus("sdio:c{class:hex}v{vendor:hex}d{device:hex}", "the driver of an SDIO card", "drivers/mmc/core/sdio_bus.c"),
		bus("mmc:{kind}", "the driver of memory cards", "drivers/mmc/core/bus.c"),
		bus("wmi:{guid}", "the driver of a WMI block", "drivers/platform/x86/wmi.c"),
		{Format: "pnp:d{pnp id}*", What: "the driver of a Plug and Play device", Asks: noPnp, Trigger: byHand, Note: "the same table makes an acpi*: alias of the id, and by that a device ACPI shows finds its driver"},
		{Format: "pnp:c{pnp id}d{device ids}", What: "the driver of a Plug and Play card", Asks: noPnp, Trigger: byHand},
		{Format: "pnp:{ids}", What: "the driver of a Plug and Play device", Asks: noPnp, Trigger: byHand},
		bus("serio:ty{serio type:hex}pr{protocol:hex}id{id:hex}ex{extra:hex}", "the driver of a device on a serial input port", "drivers/input/serio/serio.c"),
		bus("sdw:m{manufacturer:hex}p{part:hex}v{version:hex}c{class:hex}", "the driver of a SoundWire device", "drivers/soundwire/bus_type.c"),
		bus("auxiliary:{parent}.{device}", "the driver of a part of another driver's device", "drivers/base/auxiliary.c"),
		bus("virtio:d{virtio device:hex}v{vendor:hex}", "the driver of a virtual device", "drivers/virtio/virtio.c"),
		bus("vmbus:{guid}", "the driver of a device of Hyper-V", "drivers/hv/vmbus_drv.c"),
		bus("ssb:v{vendor:hex}id{core:hex}rev{revision:hex}", "the driver of a core of a Broadcom chip", "drivers/ssb/main.c"),
		bus("bcma:m{manufacturer:hex}id{core:hex}rev{revision:hex}cl{class:hex}", "the driver of a core of a Broadcom chip", "drivers/bcma/main.c"),
		bus("xen:{device}", "the driver of a device of Xen", "drivers/xen/xenbus/xenbus_probe_frontend.c"),
		bus("xen-backend:{device}", "who serves a device of Xen", "drivers/xen/xenbus/xenbus_probe_backend.c"),
		bus("mhi:{channel}", "the driver of a channel of a modem", "drivers/bus/mhi/host/init.c"),
		bus("scsi:t-0x{scsi type}*", "the driver of a type of SCSI device", "drivers/scsi/scsi_sysfs.c"),
		bus("scsi:t-0x{scsi type}", "the driver of a type of SCSI device", "drivers/scsi/scsi_sysfs.c"),
		bus("input:b{bus type:hex}v{vendor:hex}p{product:hex}e{version:hex}-e{event types}k{keys}r{relative axes}a{absolute axes}m{misc}l{leds}s{sounds}f{force feedback}w{switches}", "who handles an input device", "drivers/input/input.c"),
		bus("mei:{name}:{uuid}:{version}:{more}", "the driver of a client of Intel's management engine", "drivers/misc/mei/bus.c"),
		bus("mei:{name}:{uuid}:{version}", "the driver of a client of Intel's management engine", "drivers/misc/mei/bus.c"),
		bus("cxl:t{type}", "the driver of a CXL device", "drivers/cxl/core/port.c"),
		bus("nd:t{type}", "the driver of persistent memory", "drivers/nvdimm/bus.c"),
		bus("dax:t{type}", "the driver of memory with direct access", "drivers/dax/bus.c"),
		bus("idxd:t{type}", "the driver of a queue of Intel's data streaming accelerator", "drivers/dma/idxd/bus.c"),
		bus("ssam:d{domain:hex}c{category:hex}t{target:hex}i{instance:hex}f{function:hex}", "the driver of a part of a Surface computer", "drivers/platform/surface/aggregator/bus.c"),
		bus("typec:id{id:hex}m{mode:hex}", "the driver of an alternate mode of USB Type-C", "drivers/usb/typec/bus.c"),
		bus("typec:id{id:hex}", "the driver of an alternate mode of USB Type-C", "drivers/usb/typec/bus.c of kernels newer than 6.12"),
		bus("ishtp:{guid}", "the driver of a sensor client", "drivers/hid/intel-ish-hid/ishtp/bus.c"),
		bus("eisa:s{eisa id}", "the driver of an EISA card", "drivers/eisa/eisa-bus.c"),
		bus("coreboot:t{tag:hex}", "the driver of an entry of coreboot's table", "drivers/firmware/google/coreboot_table.c"),
		bus("tbsvc:k{key}p{protocol:hex}v{version:hex}r{revision:hex}", "the driver of a service over Thunderbolt", "drivers/thunderbolt/xdomain.c"),
		{Format: "isa:{device}", What: "the driver of an ISA device", Asks: "no code: the bus (drivers/base/isa.c) puts no MODALIAS into its uevents", Trigger: "modprobe by hand"},
		bus("rpmsg:{channel}", "the driver of a channel to another processor", "drivers/rpmsg/rpmsg_core.c"),
		bus("css:t{type:hex}", "the driver of a subchannel", "drivers/s390/cio/css.c"),
		bus("ccw:t{control unit:hex}m{model:hex}dt{device type:hex}dm{device model:hex}", "the driver of a channel device", "drivers/s390/cio/device.c"),
		bus("ap:t{type:hex}", "the driver of a crypto card", "drivers/s390/crypto/ap_bus.c"),
	}
}
