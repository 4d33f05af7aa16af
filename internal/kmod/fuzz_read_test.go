package kmod

import (
	"encoding/hex"
	"strings"
	"testing"
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
