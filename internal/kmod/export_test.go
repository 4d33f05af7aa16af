package kmod

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// What follows makes the module files of this package's tests available to its
// external tests, which also know the packages above.

// Tiny describes a module file.
type Tiny struct {
	Bits      int // 32 or 64, 0 for 64
	BigEndian bool
	Info      []string // KEY=VALUE
	Exports   []string
	Imports   []string
	Versions  []string // extra rows of __versions
	Extended  []string // rows of the extended version tables
	CRCs      map[string]uint32
	Limits    map[string]uint32 // of parameters that are arrays
	This      int               // size of .gnu.linkonce.this_module, 0 for 128, -1 for none
}

// Image lays it out.
func (t Tiny) Image() []byte {
	return tinyModule{
		bits: t.Bits, bigEndian: t.BigEndian, info: t.Info, exports: t.Exports, imports: t.Imports, versions: t.Versions,
		extended: t.Extended, crcs: t.CRCs, limits: t.Limits, this: t.This,
	}.image()
}

// Signed puts a signature as scripts/sign-file.c makes it behind an image: of
// "Build time key", with the serial number 1a2b3c4d5e6f.
func Signed(image []byte) []byte {
	der, err := hex.DecodeString(signedHex)
	if err != nil {
		panic(err) // a constant
	}
	image = append(append([]byte(nil), image...), der...)
	image = append(image, 0, 0, 2, 0, 0, 0, 0, 0)
	image = binary.BigEndian.AppendUint32(image, uint32(len(der)))
	return append(image, signatureMark...)
}

// SignNew signs an image with a new RSA key, "Machine owner key", and returns its
// certificate, too.
func SignNew(t testing.TB, image []byte) (signed, cert []byte) {
	return SignIssued(t, image, "")
}

// SignIssued is SignNew with a certificate that a CA of a name issued.
func SignIssued(t testing.TB, image []byte, ca string) (signed, cert []byte) {
	s := newSigner(t, ca)
	return s.sign(t, image), s.cert
}
