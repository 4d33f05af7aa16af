package kmod

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"testing"
	"time"
)

// signer is a key and its certificate, made for one test.
type testSigner struct {
	key  crypto.Signer
	cert []byte
}

// newSigner makes one whose certificate issuer issued, "": itself.
func newSigner(t testing.TB, issuer string) testSigner {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(0x9a2b3c), Subject: pkix.Name{Organization: []string{"Mine"}, CommonName: "Machine owner key"},
		NotAfter: time.Unix(1<<31, 0), SubjectKeyId: []byte{1, 2, 3},
	}
	by := about
	if issuer != "" {
		by = &x509.Certificate{Subject: pkix.Name{CommonName: issuer}}
	}
	cert, err := x509.CreateCertificate(rand.Reader, about, by, key.Public(), key)
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
