package kmod

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
)

// ErrSignature says that a signature is not that of its key over the module: one
// of them has been changed.
var ErrSignature = errors.New("the signature does not fit the module")

// Verify checks the signature of an image with the certificate of its key: nil
// when it is right, ErrSignature when it is not; other errors say why it could
// not be checked. It is the check of crypto/asymmetric_keys/pkcs7_verify.c for
// what scripts/sign-file.c makes: RSA (PKCS #1 v1.5) or ECDSA over the
// whole module.
func (s *Signature) Verify(image []byte, c *Certificate) error {
	switch {
	case s.IDType != "PKCS#7" || len(s.Bytes) == 0:
		return fmt.Errorf("a signature of the form %s is not checked", s.IDType)
	case s.Attributes:
		return errors.New("a signature over attributes is not checked")
	case s.Offset > len(image):
		return ErrSignature
	}
	sum := digest(s.Hash, image[:s.Offset])
	if sum == nil {
		return fmt.Errorf("the hash %s is not known here", s.Hash)
	}
	right := false
	switch key := c.key.(type) {
	case *rsaKey:
		right = key.verify(s.Hash, sum, s.Bytes)
	case *ecdsaKey:
		right = key.verify(sum, s.Bytes)
	}
	if !right {
		return ErrSignature
	}
	return nil
}

// digest returns the hash of data, nil for a kind that is not known here.
func digest(hash string, data []byte) []byte {
	switch hash {
	case "sha1":
		h := sha1.Sum(data)
		return h[:]
	case "sha224":
		h := sha256.Sum224(data)
		return h[:]
	case "sha256":
		h := sha256.Sum256(data)
		return h[:]
	case "sha384":
		h := sha512.Sum384(data)
		return h[:]
	case "sha512":
		h := sha512.Sum512(data)
		return h[:]
	}
	return nil
}
