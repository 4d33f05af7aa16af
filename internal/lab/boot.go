package lab

import (
	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kmod"
)

// What the guest finds where; the machine has to be built to match.
const (
	// GuestDisk is the first virtio block device, with the module tree.
	GuestDisk = "/dev/vda"
	// GuestLink is the second serial port, with the link to the lab. A serial
	// port works before any module does.
	GuestLink = "/dev/ttyS1"
)

// Boot is everything a VM boots from, as (*Cache).Prepare makes it. The files
// are in the cache and never change: a machine saved while it used them can
// use them again.
type Boot struct {
	// Kernel is the kernel that was prepared. Its Modules is the tree the
	// guest sees, with indexes: the user's own, the fetched one, or a copy
	// in the cache where the user's has no indexes.
	Kernel Kernel `json:"kernel"`
	Image  string `json:"image"`  // for QEMU's -kernel
	Initrd string `json:"initrd"` // for QEMU's -initrd; not compressed, so its size is what it takes of the guest's memory
	// Disk is a raw image for a read-only virtio block device that becomes
	// GuestDisk; "" for wire.CarrierInitramfs.
	Disk    string       `json:"disk,omitempty"`
	Carrier wire.Carrier `json:"carrier"`
	// Fingerprint changes whenever one of the files would: the key of what
	// was saved from a machine that booted from them.
	Fingerprint string `json:"fingerprint"`
	// NoTests says that the tree has no test modules: none were built for it.
	NoTests bool `json:"no_tests,omitempty"`

	damage *kmod.Passed // indexes of the tree, met while this was prepared
}
