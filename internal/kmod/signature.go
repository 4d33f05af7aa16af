package kmod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Signature says how a module is signed, as the file itself tells it.
type Signature struct {
	IDType string `json:"id_type"` // "PGP", "X509" or "PKCS#7"; "unknown" for others
	Length int    `json:"length"`  // bytes of all that is appended but its trailer
	Offset int    `json:"offset"`  // where it starts in the image; the module ends before

	Signer string `json:"signer,omitempty"` // name of who issued the key's certificate (SignerName)
	Key    []byte `json:"key,omitempty"`    // serial number of the certificate, or the key's identifier
	ByID   bool   `json:"by_id,omitempty"`  // Key is the key's identifier
	Hash   string `json:"hash,omitempty"`   // such as sha256
	// Attributes says that it is one over attributes, the module's hash among
	// them, in place of the module.
	Attributes bool `json:"attributes,omitempty"`
	// Bytes is the signature proper; nil where the message around it makes no
	// sense.
	Bytes []byte `json:"-"`
}

// ErrSignature says that a signature is not that of its key over the module: one
// of them has been changed.
var ErrSignature = errors.New("the signature does not fit the module")

// signatureMark ends a signed module (include/linux/module_signature.h).
const signatureMark = "~Module signature appended~\n"

// signatureTrailer is the length of struct module_signature: algorithm, hash,
// kind, lengths of signer and key, padding, and the length of the signature as
// a big endian word.
const signatureTrailer = 12

// signatureHashes are the values of enum pkey_hash_algo, which modules signed
// before Linux 4.3 have in their trailer.
var signatureHashes = [...]string{"md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3"}

// ModuleSignature returns the signature appended to a module image, false when
// there is none or its trailer makes no sense.
func ModuleSignature(image []byte) (Signature, bool) {
	body, ok := bytes.CutSuffix(image, []byte(signatureMark))
	if !ok || len(body) < signatureTrailer {
		return Signature{}, false
	}
	t := body[len(body)-signatureTrailer:]
	body = body[:len(body)-signatureTrailer]
	n := uint64(binary.BigEndian.Uint32(t[8:])) + uint64(t[3]) + uint64(t[4])
	if n > uint64(len(body)) || binary.BigEndian.Uint32(t[8:]) == 0 {
		return Signature{}, false
	}
	s := Signature{IDType: "unknown", Length: int(n), Offset: len(body) - int(n)}
	if names := [...]string{"PGP", "X509", "PKCS#7"}; int(t[2]) < len(names) {
		s.IDType = names[t[2]]
	}
	raw := body[s.Offset:]
	const algorithms = 2 // DSA, RSA
	known := t[0] < algorithms && int(t[1]) < len(signatureHashes)
	if s.IDType == "PKCS#7" {
		if s.fromPKCS7(raw[int(t[3])+int(t[4]):]); !known {
			s.Hash = "" // the kernel wants zeros there (mod_check_sig)
		}
		return s, true
	}
	if s.IDType == "unknown" {
		return s, true
	}
	signer, key := int(t[3]), int(t[4])
	s.Signer, s.Key, s.Bytes = string(raw[:signer]), raw[signer:signer+key], raw[signer+key:]
	if known {
		s.Hash = signatureHashes[t[1]]
	}
	return s, true
}

// SignatureFault says why a kernel that checks signatures refuses a module image
// that ends as a signed one does, whether signatures are demanded or not (EBADMSG:
// kernel/module_signature.c, mod_check_sig; crypto/asymmetric_keys/pkcs7_parser.c);
// "" when it is not for what its end says of itself.
func SignatureFault(image []byte) string {
	body, ok := bytes.CutSuffix(image, []byte(signatureMark))
	if !ok {
		return ""
	}
	if len(body) < signatureTrailer {
		return "it ends as a signed module and is too short for one"
	}
	t := body[len(body)-signatureTrailer:]
	n, before := uint64(binary.BigEndian.Uint32(t[8:])), uint64(len(body)-signatureTrailer)
	const pkcs7 = 2
	switch {
	case n >= before:
		return fmt.Sprintf("its end says that the signature has %d bytes, and %d bytes are before it", n, before)
	case t[2] != pkcs7:
		return "" // taken as one that is not there
	case t[0]|t[1]|t[3]|t[4]|t[5]|t[6]|t[7] != 0:
		return "its end has numbers where zeros must be"
	}
	if s, ok := ModuleSignature(image); !ok || s.Bytes == nil {
		return fmt.Sprintf("the %d bytes of its signature are no PKCS#7 message", n)
	}
	return ""
}

// fromPKCS7 takes what can be told from a CMS SignedData message with one
// signer (RFC 5652, 5.1 and 5.3), the form scripts/sign-file.c writes.
func (s *Signature) fromPKCS7(der []byte) {
	d := derReader{der}
	content := d.into(derSequence)
	content.next(derOID)
	signed := content.into(derContext0)
	signed = signed.into(derSequence)
	signed.next(derInteger)  // version
	signed.next(derSet)      // digest algorithms
	signed.next(derSequence) // content
	for signed.peek() == derContext0 || signed.peek() == derContext1 {
		signed.next(signed.peek()) // certificates, revocation lists
	}
	signers := signed.into(derSet)
	info := signers.into(derSequence)
	info.next(derInteger) // version
	switch info.peek() {
	case derSequence: // issuerAndSerialNumber
		id := info.into(derSequence)
		name := id.into(derSequence)
		s.Signer = issuerName(name)
		s.Key = id.next(derInteger)
	case derContext0Primitive: // subjectKeyIdentifier
		s.Key, s.ByID = info.next(derContext0Primitive), true
	}
	hash := info.into(derSequence)
	s.Hash = hashName(hash.next(derOID))
	if info.peek() == derContext0 {
		info.next(derContext0)
		s.Attributes = true
	}
	info.next(derSequence) // signature algorithm
	s.Bytes = info.next(derOctets)
}

// SignerName is what stands for the issuer of a certificate, a distinguished name
// in DER, in the Signer of signatures: its first common name, or without one the
// last of its parts, as with kmod.
func SignerName(name []byte) string {
	d := derReader{name}
	return issuerName(d.into(derSequence))
}

func issuerName(name derReader) (last string) {
	const commonName = "\x55\x04\x03" // 2.5.4.3
	for len(name.b) > 0 {
		set := name.into(derSet)
		if len(set.b) == 0 {
			return last
		}
		for len(set.b) > 0 {
			pair := set.into(derSequence)
			kind := string(pair.next(derOID))
			last = string(pair.next(pair.peek()))
			if kind == commonName {
				return last
			}
		}
	}
	return last
}

// hashName names a hash by the bytes of its object identifier, in OpenSSL's words:
// those that a kernel can check (crypto/asymmetric_keys/pkcs7_parser.c, Linux 6.12),
// and some old ones. Others are written as numbers.
func hashName(oid []byte) string {
	const nist, gost = "\x60\x86\x48\x01\x65\x03\x04\x02", "\x2a\x85\x03\x07\x01\x01\x02"
	switch string(oid) {
	case "\x2a\x86\x48\x86\xf7\x0d\x02\x04":
		return "md4"
	case "\x2a\x86\x48\x86\xf7\x0d\x02\x05":
		return "md5"
	case "\x2b\x0e\x03\x02\x1a":
		return "sha1"
	case "\x2b\x24\x03\x02\x01":
		return "ripemd160"
	case nist + "\x01":
		return "sha256"
	case nist + "\x02":
		return "sha384"
	case nist + "\x03":
		return "sha512"
	case nist + "\x04":
		return "sha224"
	case nist + "\x05":
		return "sha512-224"
	case nist + "\x06":
		return "sha512-256"
	case nist + "\x07":
		return "sha3-224"
	case nist + "\x08":
		return "sha3-256"
	case nist + "\x09":
		return "sha3-384"
	case nist + "\x0a":
		return "sha3-512"
	case gost + "\x02":
		return "GOST R 34.11-2012 with 256 bit hash"
	case gost + "\x03":
		return "GOST R 34.11-2012 with 512 bit hash"
	case "\x2a\x81\x1c\xcf\x55\x01\x83\x11":
		return "sm3"
	}
	return oidText(oid)
}

// oidText writes an object identifier as numbers with dots between.
func oidText(oid []byte) string {
	var b strings.Builder
	var n uint64
	for _, c := range oid {
		if n = n<<7 | uint64(c&0x7f); c >= 0x80 {
			continue
		}
		if first := min(n/40, 2); b.Len() == 0 {
			fmt.Fprintf(&b, "%d", first)
			n -= 40 * first
		}
		fmt.Fprintf(&b, ".%d", n)
		n = 0
	}
	return b.String()
}
