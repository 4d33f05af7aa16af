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
		{"cpu:type:x86,ven*fam*mod*:feature:*0081*", "what fits a processor|processor type=x86|cpu vendor=* any|family=* any|model=* any|features=*0081*"},
		{"symbol:crc16", "who exports a symbol|symbol=crc16"},
		{"tty-ldisc-29", "a line discipline|line discipline=29"},
		{"nfct-helper-ftp", "a helper of connection tracking|helper=ftp"},
		{"ip_vs_rr", "a scheduler of IP virtual server|scheduler=rr"},
		{"ip_vs_pe_sip", "a persistence engine of IP virtual server|engine=sip"},
		{"ip6table_nat", "a table of ip6tables|table=nat"},
		{"rpcrdma6", "the transport rdma6 of RPC clients"}, {"svcrdma", "the transport rdma of RPC servers"}, {"rpcsec_gss_krb5", "a plain name"},
		{"xfrm-type-10-60", "a protocol of IPsec|socket family=10 AF_INET6|ip protocol=60 destination options"},
		{"scsi:t-0x14*", "the driver of a type of SCSI device|scsi type=14 zoned disk"},
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

// TestDeviceTables holds that what each entry of scripts/mod/file2alias.c (Linux
// 6.12, with mcb and typec of later ones) makes is explained field by field, and so is the
// device's own alias beside it, where that has another form.
func TestDeviceTables(t *testing.T) {
	c := New()
	for _, test := range []struct{ alias, want string }{
		{"hid:b0003g*v0000046Dp0000C52B", "bus type=0003 USB|hid group=* any|vendor=0000046D|product=0000C52B"},
		{"ieee1394:ven*mo*sp0000609Ever00010483*", "vendor=* any|model=* any|specifier=0000609E|version=00010483*"},
		{"pci:v000010DEd*sv*sd*bc03sc00i00*", "pci vendor=000010DE NVIDIA|device=* any|subsystem vendor=* any|subsystem device=* any|pci class=03 display|subclass=00|interface=00*"},
		{"vfio_pci:v*d*sv*sd*bc*sc*i*", "pci vendor=* any|device=* any|subsystem vendor=* any|subsystem device=* any|pci class=* any|subclass=* any|interface=* any"},
		{"ccw:t3832m02dt*dm*", "control unit=3832|model=02|device type=* any|device model=* any"},
		{"ap:t0A*", "type=0A*"},
		{"css:t1", "type=1"},
		{"serio:ty06pr*id*ex*", "serio type=06 PS/2, translated|protocol=* any|id=* any|extra=* any"},
		{"acpi*:PNP0C0A:*", "acpi id=PNP0C0A"},
		{"acpi*:0106??:*", "acpi id=0106??"},
		{"acpi:PNP0C0A:", "acpi id=PNP0C0A|more="},
		{"pcmcia:m0104c0035f*fn*pfn*pa*pb*pc*pd*", "manufacturer=0104|card=0035|function=* any|function number=* any|device number=* any|hash of product 1=* any|hash of product 2=* any|hash of product 3=* any|hash of product 4=* any"},
		{"of:N*T*Cbrcm,bcm2835", "node name=* any|device type=* any|compatible=brcm,bcm2835"},
		{"vio:TnetworkSIBM,l-lan*", "device type=network|compatible=IBM,l-lan*"},
		{"input:b*v*p*e*-e*1,*k*14A,*r*a*m*l*s*f*w*", "bus type=* any|vendor=* any|product=* any|version=* any|event types=*1,*|keys=*14A,*|relative axes=* any|absolute axes=* any|misc=* any|leds=* any|sounds=* any|force feedback=* any|switches=* any"},
		{"eisa:sHWP1940*", "eisa id=HWP1940*"},
		{"parisc:t0Ahv*rev*sv0000000A*", "hardware type=0A|hardware version=* any|revision=* any|software version=0000000A*"},
		{"sdio:c*v02D0d4330*", "class=* any|vendor=02D0|device=4330*"},
		{"ssb:v4243id0812rev05*", "vendor=4243|core=0812|revision=05*"},
		{"bcma:m04BFid0812rev17cl*", "manufacturer=04BF|core=0812|revision=17|class=* any"},
		{"virtio:d00000001v*", "virtio device=00000001 network|vendor=* any"},
		{"vmbus:63514161f5296d0e4bb98f2d85e4d89a", "guid=63514161f5296d0e4bb98f2d85e4d89a"},
		{"rpmsg:rpmsg-raw", "channel=rpmsg-raw"},
		{"i2c:lm75", "chip=lm75"},
		{"i3c:dcr*manuf0123part4567ext*", "dcr=* any|manufacturer=0123|part=4567|extra=* any"},
		{"slim:217:250:*", "manufacturer=217|product=250|instance=* any"},
		{"slim:217:250:0:1", "manufacturer=217|product=250|instance=0:1"},
		{"spi:m25p80", "chip=m25p80"},
		{"dmi*:bvn*LENOVO*:br*1.2*:sku*X1*:", "BIOS vendor=*LENOVO*|BIOS release=*1.2*|product SKU=*X1*"},
		{"dmi:bvnLENOVO:bvrN1:bd01/01/2020:br1.2:efr1.1:svnL:pn20X:pvrT14:rvnL:rn20X:rvr0:cvnL:ct10:cvrNone:skuA:", "BIOS vendor=LENOVO|BIOS version=N1|BIOS date=01/01/2020|BIOS release=1.2|controller firmware=1.1|system vendor=L|product=20X|product version=T14|board vendor=L|board=20X|board version=0|chassis vendor=L|chassis type=10|chassis version=None|product SKU=A"},
		{"platform:pcspkr", "device=pcspkr"},
		{"mdio:0000000000100010000101??????????", "identifier bits=0000000000100010000101??????????"},
		{"zorro:i02020000", "id=02020000"},
		{"pnp:dPNP0501*", "pnp id=PNP0501"},
		{"pnp:cCSC0100dCSC0000dCSC0001*", "pnp id=CSC0100|device ids=CSC0000dCSC0001*"},
		{"ipack:f01v000000F0d00000036*", "format=01|vendor=000000F0|device=00000036*"},
		{"amba:d[0123]004101?", "peripheral id=[0123]004101?"},
		{"mipscdmm:t08*", "type=08*"},
		{"cpu:type:x86,ven0002fam0019mod*:feature:*", "processor type=x86|cpu vendor=0002 AMD|family=0019|model=* any|features=* any"},
		{"cpu:type:*:feature:*0003*", "processor type=* any|features=*0003*"},
		{"mcb:16z135", "core=135"},
		{"mei:*:bb875e12-cb58-4d14-ae93-8566183c66c7:*:*", "name=* any|uuid=bb875e12-cb58-4d14-ae93-8566183c66c7|version=* any|more=* any"},
		{"rapidio:v0038d*av*ad*", "vendor=0038|device=* any|assembly vendor=* any|assembly device=* any"},
		{"ulpi:v04ccp150f", "vendor=04cc|product=150f"},
		{"hid:b0018g0004v*p*", "bus type=0018 I2C|hid group=0004 multitouch of Windows 8|vendor=* any|product=* any"},
		{"apr:adm", "service=adm"},
		{"hsi:ssi-protocol", "client=ssi-protocol"},
		{"hdaudio:v8086280Br*a01*", "codec=8086280B|revision=* any|kind=01*"},
		{"sdw:m025Dp0711v*c*", "manufacturer=025D|part=0711|version=* any|class=* any"},
		{"fsl-mc:v00001957ddpni", "vendor=00001957|object type=dpni"},
		{"tbsvc:knetworkp00000001v00000001r*", "key=network|protocol=00000001|version=00000001|revision=* any"},
		{"typec:idFF01m01", "id=FF01|mode=01"},
		{"typec:idFF01", "id=FF01"},
		{"tee:02060cd0-7d92-4a5c-8ed0-b1a1a2c0a0f3*", "uuid=02060cd0-7d92-4a5c-8ed0-b1a1a2c0a0f3*"},
		{"wmi:97845ED0-4E6D-11DE-8A39-0800200C9A66", "guid=97845ED0-4E6D-11DE-8A39-0800200C9A66"},
		{"mhi:IP_SW0", "channel=IP_SW0"},
		{"mhi_ep:IP_SW0", "channel=IP_SW0"},
		{"auxiliary:mlx5_core.eth", "parent=mlx5_core|device=eth"},
		{"ssam:d01c0Et*i*f00", "domain=01|category=0E|target=* any|instance=* any|function=00"},
		{"dfl:t0000f0010*", "type=0000|feature=0010*"},
		{"ishtp:{bb579a2e-cc54-4450-b1d0-5e7520dcad25}", "guid={bb579a2e-cc54-4450-b1d0-5e7520dcad25}"},
		{"cdx:v10EEd8084sv*sd*c*", "vendor=10EE|device=8084|subsystem vendor=* any|subsystem device=* any|class=* any"},
		{"vfio_cdx:v*d*sv*sd*c*", "vendor=* any|device=* any|subsystem vendor=* any|subsystem device=* any|class=* any"},
		{"vchiq:bcm2835-audio", "service=bcm2835-audio"},
		{"coreboot:t00000012", "tag=00000012"},
		{"usb:v046DpC52Bd*dc*dsc*dp*ic03isc01ip01in00*", "vendor=046D|product=C52B|release=* any|usb class=* any|device subclass=* any|device protocol=* any|usb class=03 HID|interface subclass=01|interface protocol=01|interface number=00*"},
	} {
		m, ok := c.Explain(test.alias)
		if !ok || m.Name || m.Asks == "" || m.Trigger == "" {
			t.Errorf("%s: explained %v, as a plain name %v, asked by %q, when %q", test.alias, ok, m.Name, m.Asks, m.Trigger)
			continue
		}
		got := ""
		for _, f := range m.Fields {
			got += strings.TrimRight(fmt.Sprintf("|%s=%s %s", f.Name, f.Value, f.Text), " ")
		}
		if diff := cmp.Diff(test.want, strings.TrimPrefix(got, "|")); diff != "" {
			t.Errorf("%s: %s", test.alias, diff)
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
			case tok.kind == kindDec, tok.kind == kindHex, tok.kind == kindXhex:
				sample.WriteString("12")
			default:
				t.Errorf("%s: kind %q", f.Format, tok.kind)
			}
		}
		if uncalled := strings.HasPrefix(f.Asks, "no code"); uncalled && f.Trigger == uevent {
			t.Errorf("%s: no code asks for it, and a uevent does", f.Format)
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
