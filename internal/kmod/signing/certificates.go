// Package signing verifies the signatures of modules with the certificates of
// their keys, which a kernel has and does not give out: a person brings them. It
// is linked in by those who ask for it: the certificates of crypto/x509 bring
// the network with them, which modprobe must not wait for.
//
// It must not know kernels, targets or verbs.
package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"example.org/kmodsh/internal/kmod"
)

// Certificates are those at hand, each with the name of the file it is from.
type Certificates struct{ all []certificate }

type certificate struct {
	*x509.Certificate
	from string
}

// Bounds of what is looked through for certificates.
const (
	maxCertificates = 256      // in one file
	maxCertificate  = 16 << 10 // bytes of one
)

// Add takes the certificates with RSA or ECDSA keys out of data: one in DER or
// several behind each other (certs/signing_key.x509 of a kernel's build, what
// mokutil --export writes), PEM text, or anything that holds such, as an
// uncompressed kernel image holds those of .builtin_trusted_keys. from names the
// file. An error says that there is none.
func (c *Certificates) Add(data []byte, from string) error {
	before := len(c.all)
	take := func(der []byte) {
		cert, err := x509.ParseCertificate(der)
		if err != nil || len(c.all)-before == maxCertificates {
			return
		}
		switch cert.PublicKey.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey:
			c.all = append(c.all, certificate{cert, from})
		}
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		take(block.Bytes)
	}
	// A certificate is a sequence whose length takes two bytes, and begins with
	// another (RFC 5280, 4.1).
	sequence := []byte{0x30, 0x82}
	for i := bytes.Index(data, sequence); i >= 0; i = bytes.Index(data, sequence) {
		data = data[i:]
		if len(data) < 6 {
			break
		}
		n := 4 + int(data[2])<<8 + int(data[3])
		if n <= min(len(data), maxCertificate) && bytes.HasPrefix(data[4:], sequence) {
			take(data[:n])
		}
		data = data[2:]
	}
	if len(c.all) == before {
		return fmt.Errorf("certificates: %s holds no certificate with an RSA or ECDSA key; a compressed kernel image is to be unpacked first (scripts/extract-vmlinux of the kernel's source)", from)
	}
	return nil
}

// of returns the certificate that a signature names: by issuer and serial number,
// or by the identifier of its key.
func (c *Certificates) of(s *kmod.Signature) (certificate, bool) {
	for _, cert := range c.all {
		switch {
		case len(s.Key) == 0:
		case s.Signer != "":
			if kmod.SignerName(cert.RawIssuer) == s.Signer && bytes.Equal(cert.SerialNumber.Bytes(), bytes.TrimLeft(s.Key, "\x00")) {
				return cert, true
			}
		case bytes.Equal(cert.SubjectKeyId, s.Key):
			return cert, true
		}
	}
	return certificate{}, false
}
