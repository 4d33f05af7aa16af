package signing

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kmod"
)

// The certificates and signatures of testdata are openssl's: req -new -x509, and
// cms -sign -binary -noattr -nocerts -nosmimecap, which is what
// scripts/sign-file.c asks the same library for.

func data(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed appends a signature to an image (include/linux/module_signature.h).
func signed(image, p7s []byte) []byte {
	out := append(bytes.Clone(image), p7s...)
	out = binary.BigEndian.AppendUint32(append(out, 0, 0, 2, 0, 0, 0, 0, 0), uint32(len(p7s)))
	return append(out, "~Module signature appended~\n"...)
}

// verify returns what is said of an image, with the certificates in a file.
func verify(t *testing.T, image, certs []byte) error {
	t.Helper()
	s, ok := kmod.ModuleSignature(image)
	if !ok {
		t.Fatal("no signature")
	}
	var c Certificates
	if err := c.Add(certs, "mine.der"); err != nil {
		t.Fatal(err)
	}
	from, _, err := c.Verify(&s, image)
	if from != "mine.der" && !strings.Contains(err.Error(), "none of the") {
		t.Errorf("by the certificate from %q", from)
	}
	return err
}

// TestVerify changes a byte of a module, of its signature, and the key.
func TestVerify(t *testing.T) {
	module := data(t, "module")
	for _, kind := range []string{"rsa", "rsa-keyid", "p256", "p384"} {
		cert := data(t, kind+".der")
		image := signed(module, data(t, kind+".p7s"))
		check := func(name string, image, certs []byte, want error) {
			t.Helper()
			if err := verify(t, image, certs); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", kind, name, err, want)
			}
		}
		check("as it was signed", image, cert, nil)
		check("PEM", image, append([]byte("of my machine\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...), nil)
		check("among other bytes", image, append(append([]byte("0\x820\x82 some image "), cert...), "and the rest"...), nil)
		changed := bytes.Clone(image)
		changed[8] ^= 1
		check("a byte of the module", changed, cert, kmod.ErrSignature)
		s, _ := kmod.ModuleSignature(image)
		changed = bytes.Clone(image)
		changed[s.Offset+s.Length-1] ^= 1
		check("a byte of the signature", changed, cert, kmod.ErrSignature)
		if err := verify(t, image, data(t, "other.der")); err == nil || err.Error() != "none of the 1 certificates at hand is that of its key" {
			t.Errorf("%s, another key: %v", kind, err)
		}
	}
	if err := verify(t, signed(module, data(t, "attributes.p7s")), data(t, "rsa.der")); err == nil || !strings.Contains(err.Error(), "attributes") {
		t.Errorf("over attributes: %v", err)
	}
}

// TestOtherKey: a certificate of the same names with another key, which is what
// somebody has who made a new key for the same machine.
func TestOtherKey(t *testing.T) {
	image := signed(data(t, "module"), data(t, "twin.p7s"))
	if err := verify(t, image, data(t, "rsa.der")); !errors.Is(err, kmod.ErrSignature) {
		t.Errorf("%v, want %v", err, kmod.ErrSignature)
	}
}

func TestNoCertificate(t *testing.T) {
	der := data(t, "rsa.der")
	for n := range len(der) {
		var c Certificates
		if err := c.Add(der[:n], "cut.der"); err == nil || !strings.HasPrefix(err.Error(), "certificates: cut.der holds no certificate") {
			t.Fatalf("the first %d bytes of a certificate: %v", n, err)
		}
	}
}

// FuzzCertificates: whatever holds certificates, or seems to.
func FuzzCertificates(f *testing.F) {
	for _, kind := range []string{"rsa", "rsa-keyid", "p256", "p384"} {
		f.Add(data(f, kind+".der"))
	}
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data(f, "rsa.der")}))
	image := signed(data(f, "module"), data(f, "rsa.p7s"))
	s, _ := kmod.ModuleSignature(image)
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Certificates
		if c.Add(b, "a file") == nil {
			c.Verify(&s, image)
		}
	})
}
