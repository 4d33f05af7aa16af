package kmod

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"time"
)

// signer is a key and its certificate, made for one test.
type testSigner struct {
	key  crypto.Signer
	cert []byte
}

func newSigner(t testing.TB, curve elliptic.Curve) testSigner {
	t.Helper()
	var key crypto.Signer
	var err error
	if curve == nil {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(curve, rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(0x9a2b3c), Subject: pkix.Name{Organization: []string{"Mine"}, CommonName: "Machine owner key"},
		NotAfter: time.Unix(1<<31, 0), SubjectKeyId: []byte{1, 2, 3},
	}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return testSigner{key, cert}
}

// sign appends a signature as scripts/sign-file.c of Linux makes it.
func (s testSigner) sign(t testing.TB, image []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(image)
	sig, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(s.cert)
	if err != nil {
		t.Fatal(err)
	}
	type algorithm struct{ OID asn1.ObjectIdentifier }
	hash := algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}
	type id struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	type info struct {
		Version   int
		ID        id
		Hash      algorithm
		Kind      algorithm
		Signature []byte
	}
	type content struct{ OID asn1.ObjectIdentifier }
	type signed struct {
		Version int
		Hashes  []algorithm `asn1:"set"`
		Content content
		Infos   []info `asn1:"set"`
	}
	type message struct {
		OID    asn1.ObjectIdentifier
		Signed signed `asn1:"explicit,tag:0"`
	}
	der, err := asn1.Marshal(message{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, signed{1, []algorithm{hash}, content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}}, []info{
		{1, id{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}, hash, algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}}, sig},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	image = append(append([]byte(nil), image...), der...)
	image = binary.BigEndian.AppendUint32(append(image, 0, 0, 2, 0, 0, 0, 0, 0), uint32(len(der)))
	return append(image, signatureMark...)
}

// TestVerifySignature signs a module, and changes a byte of it, of its signature,
// and the key.
func TestVerifySignature(t *testing.T) {
	for _, curve := range []elliptic.Curve{nil, elliptic.P256(), elliptic.P384()} {
		testVerifySignature(t, newSigner(t, curve), newSigner(t, curve))
	}
}

func testVerifySignature(t *testing.T, own, other testSigner) {
	image := own.sign(t, tinyModule{info: []string{"name=mine"}}.image())
	check := func(name string, image, certs []byte, want error) {
		t.Helper()
		s, ok := ModuleSignature(image)
		found := FindCertificates(certs)
		if !ok || len(found) != 1 || !found[0].Signed(&s) {
			t.Fatalf("%s: %v, %+v", name, ok, found)
		}
		if err := s.Verify(image, &found[0]); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	check("as it was signed", image, own.cert, nil)
	check("PEM", image, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.cert}), nil)
	check("among other bytes", image, append(append([]byte("0\x820\x82 some image "), own.cert...), "and the rest"...), nil)
	check("another key of that name", image, other.cert, ErrSignature)
	changed := append([]byte(nil), image...)
	changed[80] ^= 1
	check("a byte of the module", changed, own.cert, ErrSignature)
	s, _ := ModuleSignature(image)
	changed = append([]byte(nil), image...)
	changed[s.Offset+s.Length-1] ^= 1
	check("a byte of the signature", changed, own.cert, ErrSignature)
	for n := range len(own.cert) {
		if found := FindCertificates(own.cert[:n]); len(found) > 0 && n < 256 {
			t.Fatalf("a certificate in the first %d bytes of one", n)
		}
	}
}

// FuzzCertificates: whatever holds certificates, or seems to.
func FuzzCertificates(f *testing.F) {
	own := newSigner(f, nil)
	image := own.sign(f, tinyModule{}.image())
	f.Add(own.cert)
	f.Add(newSigner(f, elliptic.P384()).cert)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.cert}))
	s, _ := ModuleSignature(image)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, c := range FindCertificates(data) {
			s.Verify(image, &c)
		}
	})
}
