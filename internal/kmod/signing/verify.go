package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1"   // of old modules
	_ "crypto/sha256" // of most modules
	_ "crypto/sha512"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kmod"
)

// hashes are those that a module can be signed with (kernel/module/Kconfig,
// MODULE_SIG_HASH) and that are linked in here.
var hashes = map[string]crypto.Hash{
	"sha1": crypto.SHA1, "sha224": crypto.SHA224, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512,
}

// Verify checks the signature of a module image with the certificate of its key,
// and returns the file that the certificate is from and the identifier that it
// gives its key. The error is nil when the signature is right, kmod.ErrSignature
// when it is not; others say why it could not be checked. It is the check of crypto/asymmetric_keys/pkcs7_verify.c
// for what scripts/sign-file.c makes: RSA (PKCS #1 v1.5) or ECDSA over the whole
// module.
func (c *Certificates) Verify(s *kmod.Signature, image []byte) (from string, id []byte, err error) {
	cert, ok := c.of(s)
	if !ok {
		return "", nil, fmt.Errorf("none of the %d certificates at hand is that of its key", len(c.all))
	}
	from, id = cert.from, cert.SubjectKeyId
	hash := hashes[s.Hash]
	switch {
	case s.IDType != "PKCS#7" || len(s.Bytes) == 0:
		return from, id, fmt.Errorf("a signature of the form %s is not checked", s.IDType)
	case s.Attributes:
		return from, id, errors.New("it is over attributes, which kernels refuse for modules (pkcs7_verify)")
	case s.Offset > len(image):
		return from, id, kmod.ErrSignature
	case hash == 0:
		return from, id, fmt.Errorf("the hash %s is not known here", s.Hash)
	}
	h := hash.New()
	h.Write(image[:s.Offset])
	sum := h.Sum(nil)
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		err = rsa.VerifyPKCS1v15(key, hash, sum, s.Bytes)
		if errors.Is(err, rsa.ErrVerification) {
			err = kmod.ErrSignature
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, sum, s.Bytes) {
			err = kmod.ErrSignature
		}
	}
	return from, id, err
}
