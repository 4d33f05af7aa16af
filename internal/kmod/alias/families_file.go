package alias

const noCode = "no code: user space passes the name on from a uevent or a table"

func fileFamilies() []Family {
	return []Family{
		{Format: "fs-{file system}", What: "a file system type", Asks: "fs/filesystems.c, get_fs_type", Trigger: "mount -t NAME, fsopen(2)", Note: "the name up to its first dot; a returned 0 is not trusted: the list is searched again"},
		{Format: "nls_{charset}", What: "a character set", Asks: "fs/nls/nls_base.c, load_nls", Trigger: "mount option iocharset= or codepage="},
		{Format: "nfs-layouttype4-{layout:dec}", What: "a layout driver of parallel NFS", Asks: "fs/nfs/pnfs.c", Trigger: "an NFS server offers that layout"},
		{Format: "nfsv{version:dec}", What: "a version of the NFS client", Asks: "fs/nfs/client.c", Trigger: "mount -t nfs -o vers=N"},
		{Format: "binfmt-{bytes 2 and 3}", What: "a format of executables", Asks: "fs/exec.c, search_binary_handler", Trigger: "execve(2) of a file that no handler took and whose first four bytes are not all printable", Note: "any user; no module of the kernel has such an alias any more"},
		{Format: "char-major-{major:dec}-{minor:dec}", What: "the driver of a character device", Asks: "fs/char_dev.c; drivers/char/misc.c for major 10", Trigger: "open(2) of a device node whose number has no driver", Needs: "the node's file permissions"},
		{Format: "char-major-{major:dec}", What: "the driver of a major number of character devices", Asks: "fs/char_dev.c, when the form with the minor failed with a status above 0", Trigger: "open(2) of a device node whose number has no driver", Needs: "the node's file permissions"},
		{Format: "block-major-{major:dec}-{minor:dec}", What: "the driver of a block device", Asks: "block/genhd.c, with CONFIG_BLOCK_LEGACY_AUTOLOAD", Trigger: "open(2) of a block device node without a device", Needs: "the node's file permissions"},
		{Format: "block-major-{major:dec}", What: "the driver of a major number of block devices", Asks: "block/genhd.c, when the form with the minor failed with a status above 0", Trigger: "open(2) of a block device node without a device", Needs: "the node's file permissions"},
		{Format: "devname:{node}", What: "a device node that is made before there is a driver", Asks: "no code: depmod writes it to modules.devname with the number of the module's char-major or block-major alias", Trigger: "opening the node asks for that number"},
		{Format: "{scheduler}-iosched", What: "an I/O scheduler", Asks: "block/elevator.c", Trigger: "writing the name to /sys/block/DEVICE/queue/scheduler", Needs: "root"},
		{Format: "md-level-{level}", What: "a RAID level, by number or name", Asks: "drivers/md/md.c", Trigger: "assembling an array, writing to md/level", Needs: "CAP_SYS_ADMIN"},
		{Format: "md-personality-{number:dec}", What: "a RAID personality", Asks: noCode, Note: "kept from older kernels; 6.12 asks with md- and md-level-"},
		{Format: "md-{level}", What: "a RAID personality", Asks: "drivers/md/md.c", Trigger: "assembling an array", Needs: "CAP_SYS_ADMIN"},
		{Format: "dm-log-{type}", What: "a dirty log of the device mapper", Asks: "drivers/md/dm-log.c", Trigger: "dmsetup create with a mirror", Needs: "CAP_SYS_ADMIN", Note: "asked again with the last -part cut off while it fails"},
		{Format: "dm-cache-{policy}", What: "a policy of dm-cache", Asks: "drivers/md/dm-cache-policy.c", Trigger: "dmsetup create with a cache", Needs: "CAP_SYS_ADMIN"},
		{Format: "dm-{target}", What: "a target or path selector of the device mapper", Asks: "drivers/md/dm-target.c, drivers/md/dm-path-selector.c", Trigger: "dmsetup create with an unknown target", Needs: "CAP_SYS_ADMIN"},
		{Format: "zpool-{allocator}", What: "an allocator for compressed pages", Asks: "mm/zpool.c", Trigger: "setting up zswap"},
		{Format: "nvmet-transport-{transport:dec}", What: "a transport of the NVMe target", Asks: "drivers/nvme/target/core.c", Trigger: "enabling a port in configfs", Needs: "root"},
		{Format: "scsi_dh_{handler}", What: "a device handler of SCSI", Asks: "drivers/scsi/scsi_dh.c", Trigger: "dm-multipath, or writing to dh_state in sysfs", Needs: "root"},
		{Format: "cfi_cmdset_{command set:hex}", What: "a command set of flash chips", Asks: "drivers/mtd/chips/gen_probe.c", Trigger: "probing a flash chip"},
		{Format: "ocfs2_stack_{stack}", What: "a cluster stack of OCFS2", Asks: "fs/ocfs2/stackglue.c", Trigger: "mount -t ocfs2"},
	}
}
