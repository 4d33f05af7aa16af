package alias

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	c := New()
	for _, test := range []struct{ name, want string }{
		{"fs-ext4", "a file system type|file system=ext4"},
		{"fs_ext4", "a file system type|file system=ext4"},
		{"net-pf-38", "a socket family|socket family=38 AF_ALG"},
		{"net-pf-2-proto-132-type-1", "a protocol of a socket family, for one type of socket|socket family=2 AF_INET|ip protocol=132 SCTP|socket type=1 SOCK_STREAM"},
		{"net-pf-16-proto-4-type-2-6", "the socket diagnosis of an IP protocol|socket family=2 AF_INET|ip protocol=6 TCP"},
		{"net-pf-16-proto-16-family-nlctrl", "a family of generic netlink|family name=nlctrl"},
		{"net-pf-16-proto-10", "a protocol of netlink|netlink protocol=10 NETLINK_FIB_LOOKUP"},
		{"char-major-116-*", "the driver of a character device|major=116 ALSA sound|minor=* any"},
		{"char-major-10-200", "the driver of a character device|major=10 misc devices|minor=200"},
		{"char-major-14", "the driver of a major number of character devices|major=14 OSS sound"},
		{"block_major_7_*", "the driver of a block device|major=7 loop (block), virtual consoles (char)|minor=* any"},
		{"crypto-cbc(aes)", "an algorithm or template of the crypto API|algorithm=cbc(aes)"},
		{"crypto-aes-all", "every implementation of an algorithm|algorithm=aes"},
		{"binfmt-464c", "a format of executables|bytes 2 and 3=464c"},
		{"mq-deadline-iosched", "an I/O scheduler|scheduler=mq-deadline"},
		{"usb:v0BDAp8176d*dc*dsc*dp*icFFiscFFipFFin*", "the driver of an interface of a USB device|vendor=0BDA|product=8176|release=* any|usb class=* any|device subclass=* any|device protocol=* any|usb class=FF vendor's own|interface subclass=FF|interface protocol=FF|interface number=* any"},
		{"usb:v0B05p1761d000[0-9]*dc*dsc*dp*ic*isc*ip*in*", "the driver of an interface of a USB device|vendor=0B05|product=1761|release=000[0-9]*|usb class=* any|device subclass=* any|device protocol=* any|usb class=* any|interface subclass=* any|interface protocol=* any|interface number=* any"},
		{"pci:v00008086d*sv*sd*bc03sc*i*", "the driver of a PCI device|pci vendor=00008086 Intel|device=* any|subsystem vendor=* any|subsystem device=* any|pci class=03 display|subclass=* any|interface=* any"},
		{"acpi*:PNP0C0A:*", "the driver of an ACPI device|acpi id=PNP0C0A"},
		{"acpi:LNXSYSTM:LNXSYBUS:", "the driver of an ACPI device|acpi id=LNXSYSTM|more=LNXSYBUS:"},
		{"of:N*T*Cbrcm,bcm2835-i2cC*", "the driver of a node of the device tree|node name=* any|device type=* any|compatible=brcm,bcm2835-i2cC*"},
		{"virtio:d00000001v*", "the driver of a virtual device|virtio device=00000001 network|vendor=* any"},
		{"cpu:type:x86,ven*fam*mod*:feature:*0081*", "what fits a processor|processor type=x86|vendor=* any|family=* any|model=* any|features=*0081*"},
		{"symbol:crc16", "who exports a symbol|symbol=crc16"},
		{"tty-ldisc-29", "a line discipline|line discipline=29"},
		{"nfct-helper-ftp", "a helper of connection tracking|helper=ftp"},
		{"ip_set_hash:ip,port", "a type of IP set|type=hash:ip,port"},
		{"aes", "a plain name"},
		{"", "unknown"}, {"nosuch:thing", "unknown"}, {"pci:vXYZ", "unknown"}, {"a b", "unknown"},
	} {
		got := "unknown"
		if m, ok := c.Explain(test.name); ok {
			got = m.What
			for _, f := range m.Fields {
				got += strings.TrimRight(fmt.Sprintf("|%s=%s %s", f.Name, f.Value, f.Text), " ")
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.name, diff)
		}
	}
}

// TestFormats holds that each format explains what it makes, by itself and not
// by an earlier one, and says who asks and what it is.
func TestFormats(t *testing.T) {
	c := New()
	seen := map[string]bool{}
	for _, f := range c.Families() {
		if seen[f.Format] {
			t.Errorf("%s is there twice", f.Format)
		}
		seen[f.Format] = true
		if f.What == "" || f.Asks == "" || strings.HasSuffix(f.What, ".") {
			t.Errorf("%s: what %q, asks %q", f.Format, f.What, f.Asks)
		}
		var sample strings.Builder
		for _, tok := range parseFormat(f.Format) {
			switch {
			case tok.field == "":
				sample.WriteString(tok.literal)
			case tok.kind == kindText:
				sample.WriteString("sample")
			case tok.kind == kindDec, tok.kind == kindHex:
				sample.WriteString("12")
			default:
				t.Errorf("%s: kind %q", f.Format, tok.kind)
			}
		}
		m, ok := c.Explain(sample.String())
		if !ok || m.Format != form(parseFormat(f.Format)) {
			t.Errorf("%s makes %s, which is explained as %s", f.Format, sample.String(), m.Format)
		}
	}
}

func FuzzExplain(f *testing.F) {
	for _, s := range []string{"pci:v*d*sv*sd*bc*sc*i*", "input:b*v*p*e*-e*k*r*a*m*l*s*f*w*", "usb:v[0-", "net-pf-*-proto-*-type-*", "-iosched", "acpi*:::::*"} {
		f.Add(s)
	}
	c := New()
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := c.Explain(s)
		if !ok {
			return
		}
		size := 0
		for _, field := range m.Fields {
			size += len(field.Value)
			if !strings.Contains(s, field.Value) {
				t.Fatalf("%q: field %q", s, field.Value)
			}
		}
		if size > len(s) {
			t.Fatalf("%q: fields of %d bytes", s, size)
		}
	})
}
