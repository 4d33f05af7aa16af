package sim

import (
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestFlags loads with the flags of finit_module: each known since its version,
// and what a forced load does to the taints.
func TestFlags(t *testing.T) {
	plain := &File{Path: "victim.ko", Inode: 1, Spec: victim()}
	packed := &File{Path: "victim.ko.xz", Inode: 2, Spec: victim(), Compressed: true}
	other := victim()
	other.Defects, other.Taint = Defects{BadVermagic: true, BadLayoutCRC: true}, ""
	foreign := &File{Path: "foreign.ko", Inode: 3, Spec: other}
	tests := []struct {
		name    string
		profile string
		file    *File
		via     Via
		flags   kernel.InitFlags
		want    Errno
		taints  string
	}{
		{"unknown flag", "v6.12", plain, ViaFinit, 8, EINVAL, ""},
		{"compressed", "v6.12", packed, ViaFinit, kernel.CompressedFile, 0, "OE"},
		{"compressed, no decompressor", "v6.1", packed, ViaFinit, kernel.CompressedFile, EOPNOTSUPP, ""},
		{"compressed, flag not known", "v4.9", packed, ViaFinit, kernel.CompressedFile, EINVAL, ""},
		{"compressed, flag not given", "v6.12", packed, ViaFinit, 0, ENOEXEC, ""},
		{"compressed flag for a plain file", "v6.12", plain, ViaFinit, kernel.CompressedFile, EINVAL, ""},
		{"init_module gets the plain image", "v6.1", packed, ViaInit, 0, 0, "OE"},
		{"vermagic and CRC", "v6.1", foreign, ViaFinit, 0, ENOEXEC, ""},
		{"vermagic passed over, CRC not", "v6.1", foreign, ViaFinit, kernel.IgnoreVermagic, ENOEXEC, ""},
		{"both passed over", "v6.1", foreign, ViaFinit, kernel.IgnoreVermagic | kernel.IgnoreModversions, 0, "FE"},
		{"both passed over, enforced", "v6.1,sig-enforce=on", foreign, ViaFinit, kernel.IgnoreVermagic | kernel.IgnoreModversions, EKEYREJECTED, ""},
	}
	for _, tt := range tests {
		w := New(Options{Profile: testProfile(t, tt.profile)})
		a := w.Spawn("A", "insmod", func(th *Thread) int64 { return th.Load(tt.file, "", tt.via, tt.flags) })
		w.run(t, 0)
		if a.Exit() != -int64(tt.want) || w.Taints() != tt.taints || len(w.Leaks()) != 0 {
			t.Errorf("%s on %s: returned %d, want %d; taints %q, want %q; leaks %v", tt.name, tt.profile, a.Exit(), -tt.want, w.Taints(), tt.taints, w.Leaks())
		}
		w.Close()
	}
}
