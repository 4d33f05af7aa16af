package alias

// boardFamilies are the aliases of device tables of buses that a PC seldom has:
// other architectures, programmable logic, carrier boards. With busFamilies
// they are all that scripts/mod/file2alias.c makes.
func boardFamilies() []Family {
	bus := func(format, what, asks string) Family {
		return Family{Format: format, What: what, Asks: asks, Trigger: uevent}
	}
	const cdx = "v{vendor:hex}d{device:hex}sv{subsystem vendor:hex}sd{subsystem device:hex}c{class:hex}"
	return []Family{
		bus("amba:d{peripheral id:hex}", "the driver of a peripheral on ARM's AMBA bus", "drivers/amba/bus.c"),
		{Format: "cdx:" + cdx, What: "the driver of a device that AMD's programmable logic shows on the CDX bus", Asks: "drivers/cdx/cdx.c, in the file modalias of sysfs only", Trigger: "a tool that reads modalias; the bus sends none in a uevent"},
		{Format: "vfio_cdx:" + cdx, What: "the driver that gives a CDX device to user space", Asks: noCode, Trigger: "tools of virtual machines look for it in modules.alias"},
		bus("apr:{service}", "the driver of a service of Qualcomm's audio processor", "drivers/soc/qcom/apr.c"),
		bus("hsi:{client}", "the driver of a client of the serial interface between processor and modem", "drivers/hsi/hsi_core.c"),
		bus("dfl:t{type:hex}f{feature:hex}", "the driver of a feature of a programmable card with Intel's device feature list", "drivers/fpga/dfl.c"),
		bus("fsl-mc:v{vendor:hex}d{object type}", "the driver of an object of NXP's network hardware (DPAA2)", "drivers/bus/fsl-mc/fsl-mc-bus.c"),
		bus("ipack:f{format:hex}v{vendor:hex}d{device:hex}", "the driver of an IndustryPack module", "drivers/ipack/ipack.c"),
		bus("mcb:16z{core:dec}", "the driver of a core on MEN's chameleon bus", "drivers/mcb/mcb-core.c"),
		bus("mhi_ep:{channel}", "the driver of a channel of which this machine is the device's end", "drivers/bus/mhi/ep/main.c"),
		bus("mipscdmm:t{type:hex}", "the driver of a device in the common device memory map of MIPS", "drivers/bus/mips_cdmm.c"),
		bus("parisc:t{hardware type:hex}hv{hardware version:hex}rev{revision:hex}sv{software version:hex}", "the driver of a device of a PA-RISC machine", "arch/parisc/kernel/drivers.c"),
		bus("rapidio:v{vendor:hex}d{device:hex}av{assembly vendor:hex}ad{assembly device:hex}", "the driver of a RapidIO device", "drivers/rapidio/rio-driver.c"),
		bus("slim:{manufacturer}:{product}:{instance}", "the driver of a device on a SLIMbus, as audio codecs of phones are", "drivers/slimbus/core.c"),
		bus("tee:{uuid}", "the driver that talks to a trusted application", "drivers/tee/tee_core.c"),
		bus("vchiq:{service}", "the driver of a service of a Raspberry Pi's graphics processor", "drivers/staging/vc04_services/interface/vchiq_arm/vchiq_bus.c"),
		bus("vio:T{device type}S{compatible}", "the driver of a virtual device of IBM's POWER machines", "arch/powerpc/platforms/pseries/vio.c"),
		bus("zorro:i{id:hex}", "the driver of a card in an Amiga", "drivers/zorro/zorro-driver.c"),
	}
}
