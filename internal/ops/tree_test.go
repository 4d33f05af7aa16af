package ops_test

import (
	"os"
	"path/filepath"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// writeTree writes a module tree with text indexes, which say all that the
// verbs ask, and empty module files.
func writeTree(t *testing.T) kernel.Tree {
	t.Helper()
	t.Chdir(t.TempDir()) // so that paths in messages are always the same
	dir := filepath.FromSlash("lib/modules/6.1.0-test")
	files := map[string]string{
		"modules.dep": "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko kernel/lib/crc32c.ko\n" +
			"kernel/fs/jbd2/jbd2.ko: kernel/lib/crc32c.ko\nkernel/fs/mbcache.ko:\nkernel/lib/crc16.ko:\nkernel/lib/crc32c.ko:\n" +
			"kernel/drivers/block/loop.ko:\nkernel/net/can-raw.ko:\n",
		"modules.alias": "alias fs_ext4 ext4\nalias char_major_10_237 loop\nalias devname:loop_control loop\n" +
			"alias pci:v00008086d*sv*sd*bc*sc*i* ext4\nalias pci:v00008086d*sv*sd*bc*sc*i* loop\n",
		"modules.builtin":         "kernel/fs/fuse/fuse.ko\n",
		"modules.softdep":         "",
		"modules.builtin.modinfo": "",
		"modules.symbols":         "",
		"conf.d/local.conf":       "alias mydisk loop\nblacklist loop\noptions loop max_loop=8\n",
		"kernel/fs/mbcache.ko":    "", "kernel/fs/ext4/ext4.ko": "", "kernel/lib/crc16.ko": "", "kernel/lib/crc32c.ko": "",
		"kernel/fs/jbd2/jbd2.ko": "", "kernel/drivers/block/loop.ko": "", "kernel/net/can-raw.ko": "",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return kernel.Tree{Dir: dir, Release: "6.1.0-test", Config: []string{filepath.Join(dir, "conf.d")}}
}
