package kmod

import (
	"bytes"
	"math/big"
)

// rsaKey is a public key.
type rsaKey struct{ n, e *big.Int }

// digestInfo is what stands before a hash in an RSA signature (RFC 8017, 9.2,
// note 1).
func digestInfo(kind string) string {
	const sha2 = "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
	switch kind {
	case "sha1":
		return "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
	case "sha224":
		return "\x30\x2d" + sha2 + "\x04\x05\x00\x04\x1c"
	case "sha256":
		return "\x30\x31" + sha2 + "\x01\x05\x00\x04\x20"
	case "sha384":
		return "\x30\x41" + sha2 + "\x02\x05\x00\x04\x30"
	}
	return "\x30\x51" + sha2 + "\x03\x05\x00\x04\x40" // sha512
}

// verify checks a signature over a hash (RFC 8017, 8.2.2: PKCS #1 v1.5).
func (k *rsaKey) verify(kind string, hash, sig []byte) bool {
	size := (k.n.BitLen() + 7) / 8
	info := append([]byte(digestInfo(kind)), hash...)
	number := new(big.Int).SetBytes(sig)
	if len(sig) != size || size < len(info)+11 || number.Cmp(k.n) >= 0 {
		return false
	}
	have := number.Exp(number, k.e, k.n).FillBytes(make([]byte, size))
	want := bytes.Repeat([]byte{0xff}, size)
	want[0], want[1], want[size-len(info)-1] = 0, 1, 0
	copy(want[size-len(info):], info)
	return bytes.Equal(have, want)
}
