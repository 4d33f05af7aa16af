package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

var goodBoot = BootConfig{Release: "6.12.117+deb12-amd64", Carrier: CarrierBlock, Disk: "/dev/vda",
	Early: []string{"virtio_pci", "virtio_blk", "squashfs"}, Link: "/dev/ttyS1"}

func TestBootConfig(t *testing.T) {
	b, err := json.Marshal(goodBoot)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"release":"6.12.117+deb12-amd64","carrier":"block","disk":"/dev/vda","early":["virtio_pci","virtio_blk","squashfs"],"link":"/dev/ttyS1"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	back, err := ParseBoot(b)
	if err != nil || !reflect.DeepEqual(back, goodBoot) {
		t.Errorf("ParseBoot: %+v, %v", back, err)
	}
}

func TestBootConfigRefused(t *testing.T) {
	tests := []struct {
		change func(*BootConfig)
		want   string // in the error, "" for none
	}{
		{func(c *BootConfig) {}, ""},
		{func(c *BootConfig) { *c = BootConfig{Release: "6.1", Carrier: CarrierInitramfs, Link: "/dev/ttyS1"} }, ""},
		{func(c *BootConfig) { c.Link = "/dev/virtio-ports/kmodsh.0" }, ""},
		{func(c *BootConfig) { c.Release = "" }, "release"},
		{func(c *BootConfig) { c.Release = "../x" }, "release"},
		{func(c *BootConfig) { c.Release = "6/1" }, "release"},
		{func(c *BootConfig) { c.Release = "6" + strings.Repeat("1", 64) }, "release"},
		{func(c *BootConfig) { c.Carrier = "9p" }, "carrier"},
		{func(c *BootConfig) { c.Carrier = CarrierInitramfs }, "carrier"},
		{func(c *BootConfig) { c.Disk = "" }, "disk"},
		{func(c *BootConfig) { c.Disk = "/etc/passwd" }, "disk"},
		{func(c *BootConfig) { c.Disk = "/dev/../etc/passwd" }, "disk"},
		{func(c *BootConfig) { c.Disk = "/dev/a/b/c" }, "disk"},
		{func(c *BootConfig) { c.Early = []string{"a/b"} }, "early"},
		{func(c *BootConfig) { c.Early = []string{""} }, "early"},
		{func(c *BootConfig) { c.Early = make([]string, 65) }, "early: 65"},
		{func(c *BootConfig) { c.Link = "ttyS1" }, "link"},
		{func(c *BootConfig) { c.Link = "/dev/" }, "link"},
	}
	for i, tt := range tests {
		c := goodBoot
		tt.change(&c)
		err := c.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
			t.Errorf("%d: %+v: %v, want %q", i, c, err, tt.want)
		}
	}
	if _, err := ParseBoot([]byte(strings.Repeat(" ", maxBoot+1))); err == nil {
		t.Error("a huge file was read")
	}
}

func FuzzParseBoot(f *testing.F) {
	b, err := json.Marshal(goodBoot)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"release":"6.1","carrier":"initramfs","link":"/dev/ttyS1"}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseBoot(b)
		if err == nil && c.Validate() != nil {
			t.Errorf("%+v was let through", c)
		}
	})
}
