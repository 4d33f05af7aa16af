package kmod

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"strings"
)

// Certificate is what is used of an X.509 certificate with an RSA or ECDSA key (RFC
// 5280, 4.1): enough to check the signature of a module with. crypto/x509
// would bring the network in, and crypto/rsa and crypto/ecdsa half a millisecond
// into the start of every process.
type Certificate struct {
	Subject string // its common name
	Issuer  string // that of who signed it
	Serial  []byte // as it stands there
	KeyID   []byte // subject key identifier; nil none

	key any // *rsaKey or *ecdsaKey
}

// Bounds of what is looked through for certificates.
const (
	maxCertificates = 256
	maxCertificate  = 16 << 10 // bytes of one
	maxKeyBits      = 8192
)

// FindCertificates returns the certificates with RSA or ECDSA keys in data: one in DER or
// several behind each other (certs/signing_key.x509 of a kernel's build, what
// mokutil --export writes), PEM text, or anything that holds such, as an
// uncompressed kernel image holds those of .builtin_trusted_keys.
func FindCertificates(data []byte) (found []Certificate) {
	for _, der := range pemCertificates(data) {
		if c, ok := parseCertificate(der); ok {
			found = append(found, c)
		}
	}
	// A certificate begins with two sequences, whose lengths take two bytes.
	for len(found) < maxCertificates {
		i := bytes.Index(data, []byte{derSequence, 0x82})
		if i < 0 {
			break
		}
		data = data[i:]
		if c, ok := parseCertificate(data[:min(len(data), maxCertificate)]); ok {
			found = append(found, c)
		}
		data = data[2:]
	}
	return found
}

// pemCertificates takes certificates out of PEM text (RFC 7468).
func pemCertificates(data []byte) (ders [][]byte) {
	const head, foot = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	for len(ders) < maxCertificates {
		_, rest, ok := bytes.Cut(data, []byte(head))
		text, after, closed := bytes.Cut(rest, []byte(foot))
		if !ok || !closed {
			break
		}
		data = after
		if len(text) > 2*maxCertificate {
			continue
		}
		if der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil {
			ders = append(ders, der)
		}
	}
	return ders
}

// Identifiers of what is read of a certificate.
const (
	oidRSA   = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidEC    = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidP256  = "\x2a\x86\x48\xce\x3d\x03\x01\x07"
	oidP384  = "\x2b\x81\x04\x00\x22"
	oidKeyID = "\x55\x1d\x0e"
)

// parseCertificate reads the certificate that data begins with.
func parseCertificate(data []byte) (c Certificate, ok bool) {
	d := derReader{data}
	cert := d.into(derSequence)
	tbs := cert.into(derSequence)
	if tbs.peek() != derContext0 { // version 3, as all with extensions
		return c, false
	}
	tbs.next(derContext0)
	c.Serial = tbs.next(derInteger)
	tbs.next(derSequence) // signature algorithm
	c.Issuer = commonName(tbs.into(derSequence))
	tbs.next(derSequence) // validity, which the kernel does not look at
	c.Subject = commonName(tbs.into(derSequence))
	if c.key = publicKey(tbs.into(derSequence)); c.key == nil || len(c.Serial) == 0 {
		return c, false
	}
	for tbs.peek() != 0 && tbs.peek() != derContext3 {
		tbs.next(tbs.peek()) // unique identifiers
	}
	wrapped := tbs.into(derContext3)
	extensions := wrapped.into(derSequence)
	for len(extensions.b) > 0 {
		x := extensions.into(derSequence)
		if string(x.next(derOID)) != oidKeyID {
			continue
		}
		if x.peek() == derBoolean {
			x.next(derBoolean)
		}
		inner := derReader{x.next(derOctets)}
		c.KeyID = inner.next(derOctets)
	}
	return c, true
}

// publicKey reads a SubjectPublicKeyInfo (RFC 3279, 2.3.1 and 2.3.5); nil for what
// is none, or of another kind.
func publicKey(info derReader) any {
	algorithm := info.into(derSequence)
	kind, curve := string(algorithm.next(derOID)), ""
	if kind == oidEC {
		curve = string(algorithm.next(derOID))
	}
	bits := info.next(derBits)
	if len(bits) < 2 || bits[0] != 0 {
		return nil
	}
	bits = bits[1:]
	if kind == oidRSA {
		numbers := derReader{bits}
		pair := numbers.into(derSequence)
		n, e := pair.next(derInteger), pair.next(derInteger)
		if len(n) == 0 || n[len(n)-1]&1 == 0 || len(n) > maxKeyBits/8+1 || len(e) == 0 || len(e) > 4 {
			return nil
		}
		return &rsaKey{new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)}
	}
	if c, ok := curveOf(curve); ok && kind == oidEC {
		if key := c.key(bits); key != nil {
			return key
		}
	}
	return nil
}

// Signed says whether a signature names this certificate as that of its key: by
// issuer and serial number, or by the key's identifier.
func (c *Certificate) Signed(s *Signature) bool {
	switch {
	case len(s.Key) == 0:
		return false
	case s.Signer != "":
		return bytes.Equal(bytes.TrimLeft(c.Serial, "\x00"), bytes.TrimLeft(s.Key, "\x00")) && c.Issuer == s.Signer
	}
	return bytes.Equal(c.KeyID, s.Key)
}
