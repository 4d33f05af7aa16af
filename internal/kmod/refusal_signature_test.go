package kmod_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/kmod/signing"
)

// TestPreflightSignatureEnds: the end of a signed file that lies. Linux 6.1 and
// 6.12 answer EBADMSG to those that are refused here, also where nothing demands
// signatures, and load the others.
func TestPreflightSignatureEnds(t *testing.T) {
	whole := kmod.Signed(fits().Image())
	const mark, trailer = len("~Module signature appended~\n"), 12
	at := len(whole) - mark - trailer
	size := binary.BigEndian.Uint32(whole[at+8:])
	ends := func(change func(end []byte)) []byte {
		b := bytes.Clone(whole)
		change(b[at:])
		return b
	}
	length := func(n uint32) []byte {
		return ends(func(end []byte) { binary.BigEndian.PutUint32(end[8:], n) })
	}
	open := kernel.System{Machine: "x86_64", Lockdown: "none", Enforced: "N"}
	for name, test := range map[string]struct {
		image []byte
		sys   kernel.System
		want  string
	}{
		"whole":               {whole, open, "unknown signature: signed by Build time key"},
		"no length":           {length(0), open, "refused signature: the 0 bytes of its signature are no PKCS#7 message"},
		"a byte less":         {length(size - 1), open, "refused signature: the"},
		"a byte more":         {length(size + 1), open, "refused signature: the"},
		"longer than it all":  {length(1<<32 - 1), open, "refused signature: its end says that the signature has 4294967295 bytes, and"},
		"all":                 {length(uint32(at)), open, "refused signature: its end says"},
		"names of signers":    {ends(func(end []byte) { end[3], end[4] = 255, 255 }), open, "refused signature: its end has numbers where zeros must be"},
		"padding":             {ends(func(end []byte) { end[7] = 1 }), open, "refused signature: its end has numbers"},
		"PGP":                 {ends(func(end []byte) { end[2] = 0 }), open, "fits signature: signed in another form than PKCS#7 (PGP)"},
		"PGP, enforced":       {ends(func(end []byte) { end[2] = 0 }), kernel.System{Enforced: "Y"}, "refused signature: signed in another form"},
		"not known who reads": {length(0), kernel.System{}, "warned signature: the 0 bytes"},
	} {
		r := kernelTree(t, map[string][]byte{"extra/mine.ko": test.image})
		c := refusal.Checker{Resolver: r, System: test.sys, Release: testRelease}
		f := c.File("mine", "extra/mine.ko", "")[0]
		if got := string(f.State) + " " + f.String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if why := kmod.SignatureFault([]byte("~Module signature appended~\n")); why == "" {
		t.Error("nothing but the mark is a sound signature")
	}
}

// TestIssuedCertificate: a signature names its key by who issued the certificate, and
// a keyring by the certificate's own name; so that a key is missing only the
// certificate tells.
func TestIssuedCertificate(t *testing.T) {
	image, cert := kmod.SignIssued(t, fits().Image(), "Machine CA")
	var certs signing.Certificates
	if err := certs.Add(cert, "own.der"); err != nil {
		t.Fatal(err)
	}
	const ours, foreign = "010203", "77"
	for name, test := range map[string]struct {
		key, enforced string
		check         bool
		want          string
	}{
		"there, not at hand":      {ours, "Y", false, "unknown signature: signed by Machine CA, key 009a2b3c, sha256; the kernel's keyrings have no key of that name"},
		"there, at hand":          {ours, "Y", true, "fits signature: signed by Machine CA, key 009a2b3c, sha256, whose key the kernel has (Mine: Machine owner key)"},
		"not there, at hand":      {foreign, "Y", true, "refused signature: signed by Machine CA, key 009a2b3c, sha256, whose key is in none of the kernel's keyrings"},
		"not there, not demanded": {foreign, "N", false, "fits signature: signed by Machine CA, key 009a2b3c, sha256; the kernel's keyrings have no key of that name"},
	} {
		r := kernelTree(t, map[string][]byte{"extra/mine.ko": image})
		c := refusal.Checker{Resolver: r, Release: testRelease, System: kernel.System{
			Machine: "x86_64", Lockdown: "none", Enforced: test.enforced, KeysKnown: true, Keys: []kernel.Key{{Name: "Mine: Machine owner key", ID: test.key}},
		}}
		if test.check {
			c.Verify = certs.Verify
		}
		f := c.File("mine", "extra/mine.ko", "")[0]
		if got := string(f.State) + " " + f.String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s", name, got)
		}
	}

	// Once the kernel has refused it, without a word, that is why.
	r := kernelTree(t, map[string][]byte{"extra/mine.ko": image})
	c := refusal.Checker{Resolver: r, Release: testRelease, System: kernel.System{Machine: "x86_64", Enforced: "Y", KeysKnown: true}}
	e := &kernel.LoadError{Op: "insert", Module: "mine", Errno: kernel.ErrnoByName("EKEYREJECTED")}
	why := c.Answer(e, func() []refusal.Finding { return c.File("mine", "extra/mine.ko", "") })
	if !strings.Contains(why, "the kernel's keyrings have no key of that name") {
		t.Errorf("after a refusal: %s", why)
	}
}
