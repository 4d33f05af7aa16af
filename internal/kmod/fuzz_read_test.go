package kmod

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// signedHex is a signature as scripts/sign-file.c makes it.
const signedHex = "3082011906092a864886f70d010702a082010a30820106020101310d300b0609608648016503040201300b06092a864886f70d0107013181e430" +
	"81e1020101303d303331183016060355040a0c0f416e206f7267616e69736174696f6e3117301506035504030c0e4275696c642074696d65206b" +
	"657902061a2b3c4d5e6f300b0609608648016503040201300d06092a864886f70d010101050004818046b4f3cf3614e028168e579ea077a6fa27" +
	"553e38e30734d7d38b75d385b64cae0d12fbf273270b5224592e9682ed071d6df7012df26701114f6e1c33874a1f128b72eaf605b2f020d85ca9" +
	"af15198019a309a620203163b3bd28d116c88e6b50161be254f977357b1db942a3e3c5d745bd656d9d4e9e9d747d16c226b2d6d0a3"

func FuzzSignature(f *testing.F) {
	der, err := hex.DecodeString(signedHex)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der, []byte{0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0x1d})
	f.Add([]byte("signerkeysig"), []byte{1, 4, 1, 6, 3, 0, 0, 0, 0, 0, 0, 3})
	f.Fuzz(func(t *testing.T, body, trailer []byte) {
		image := append(append(append([]byte("image"), body...), trailer...), signatureMark...)
		s, ok := ModuleSignature(image)
		if !ok {
			return
		}
		if s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > len(image) {
			t.Fatalf("%d bytes at %d of %d", s.Length, s.Offset, len(image))
		}
		if len(s.Signer)+len(s.Key)+len(s.Bytes) > s.Length {
			t.Fatalf("more than the %d bytes that are there", s.Length)
		}
	})
}

func FuzzSymvers(f *testing.F) {
	f.Add("0x156b2bbd\tprintk\tvmlinux\tEXPORT_SYMBOL\n0xzz x vmlinux\n")
	f.Add("ffffffff81000010 r __ksymtab_printk\n_ _ ___ksymtab_x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, prefix := range []byte{0, '_'} {
			symbols, err := readSystemMap(strings.NewReader(text), "System.map", prefix, func(string) {})
			if err == nil && len(symbols) > strings.Count(text, "__ksymtab_") {
				t.Fatalf("%d symbols", len(symbols))
			}
		}
		symbols, err := ReadSymvers(strings.NewReader(text), nil)
		if err == nil && len(symbols) > strings.Count(text, "vmlinux") {
			t.Fatalf("%d symbols", len(symbols))
		}
	})
}

// FuzzTreeConfig reads modules.softdep and modules.weakdep.
func FuzzTreeConfig(f *testing.F) {
	f.Add([]byte("# Soft\nsoftdep a pre: b post: c\nsoftdep d\n"))
	f.Add([]byte("weakdep a b c\nweakdep d \\\n e\r\n"))
	f.Add([]byte("softdep a\x00 pre: b\nalias a b\nsoftdep cut pre: o"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []ConfigKind{ConfigSoftdep, ConfigWeakdep} {
			file := configFile{base: "F", path: "F"}
			damage := file.readTree(b, kind)
			for _, err := range damage {
				if !errors.Is(err, kernel.ErrDamaged) || !strings.HasPrefix(err.Error(), "F:") {
					t.Errorf("%v", err)
				}
			}
			for _, s := range file.lines {
				l := s.entry("F")
				if l.Kind != kind || !plainText(l.Name+l.Value) || l.Line < 1 || l.Line > bytes.Count(b, []byte{'\n'}) {
					t.Errorf("%+v", l)
				}
			}
			if len(b) > 0 && b[len(b)-1] != '\n' && damage == nil {
				t.Error("a file that was cut off looks sound")
			}
		}
	})
}

// FuzzModulesOrder reads modules.order.
func FuzzModulesOrder(f *testing.F) {
	f.Add("kernel/a.ko\nkernel/b.ko\nkernel/a.ko\n\r\nkernel/c.ko")
	f.Fuzz(func(t *testing.T, text string) {
		mods := []*depmodModule{{rel: "kernel/a.ko"}, {rel: "kernel/b.ko.xz"}, {rel: "/ext/c.ko", ext: true}}
		readModulesOrder(strings.NewReader(text), mods)
		for _, m := range mods {
			if m.order < 0 || m.order > strings.Count(text, "\n")+1 || m.ext && m.order != 0 {
				t.Errorf("%s has line %d", m.rel, m.order)
			}
		}
	})
}
