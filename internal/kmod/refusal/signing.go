package refusal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// checkSignature holds a module's signature against the keys the kernel has and
// against what it demands (kernel/module/signing.c, module_sig_check), and checks
// whether it is right where the certificate of its key is at hand: a kernel shows
// which keys it has, and not the keys.
func (c *Checker) checkSignature(m *kmod.ModuleFacts, image []byte) Finding {
	f := Finding{What: WhatSignature, State: Fits}
	s := m.Signature
	if why := kmod.SignatureFault(image); why != "" {
		f.State, f.Errno, f.Text, f.Mend = Refused, "EBADMSG", why+": the file was cut off or changed", resign
		if c.System.Enforced == "" { // the parameter is there where signatures are checked
			f.State = Warned
			f.Text += "; kernels that check signatures refuse it"
		}
		return f
	}
	if s != nil && s.IDType != "PKCS#7" {
		f.Text = "signed in another form than PKCS#7 (" + s.IDType + "), which kernels since 4.3 take as not signed"
		return c.demanded(f, "Loading of module with unsupported crypto is rejected", true)
	}
	if s == nil {
		f.Text = "the module is not signed"
		return c.demanded(f, "Loading of unsigned module is rejected", true)
	}
	f.Text = "signed by " + signer(s)
	right, said, cert := c.verify(s, image)
	at, where := c.keyOf(s, cert)
	known := at == sameKey
	switch {
	case known:
		f.Text += ", whose key the kernel has (" + where + ")"
	case at == sameName:
		f.Text += "; the kernel has a key of that name (" + where + "), this one or another"
	case !c.System.KeysKnown && c.System.Lockdown == "" && c.System.Enforced == "":
		f.Text += "; which keys the kernel has is not known"
	case !c.System.KeysKnown:
		f.Text += "; the kernel's keys cannot be seen from here (/proc/keys shows them to root)"
	case at == noName:
		f.Text += "; the kernel's keyrings have no key of that name, under which only a certificate stands that issued itself: one that another issued has a name of its own"
	default:
		f.Text += ", whose key is in none of the kernel's keyrings"
	}
	f.Text += "; " + said
	switch {
	case right == wrong && (known || at == sameName || !c.System.KeysKnown):
		// Whatever is demanded: only what cannot be checked is let pass.
		f.State, f.Errno = Refused, "EKEYREJECTED"
		f.Mend = resign
	case at == noKey && c.System.KeysKnown:
		return c.demanded(f, "Loading of module with unavailable key is rejected", false)
	case at == noName && c.System.KeysKnown && c.demand() == "":
		return c.demanded(f, "", false)
	case at == noName && c.System.KeysKnown:
		f.State, f.Errno, f.Mend = Unknown, "EKEYREJECTED", signIt
		f.Text += "; the kernel takes only modules that are signed with a key it has, and refuses others"
	case right == unchecked || !known && c.demand() != "":
		f.State = Unknown
	}
	return f
}

// demanded adds to a finding about a module without a signature that the kernel
// can check what the kernel does with such.
func (c *Checker) demanded(f Finding, why string, unsigned bool) Finding {
	switch demand := c.demand(); {
	case demand == "lockdown":
		f.State, f.Errno = Refused, "EPERM"
		f.Text += fmt.Sprintf("; the kernel is locked down (%s) and takes only signed modules", c.System.Lockdown)
		f.Mend = signIt
	case demand != "":
		f.State, f.Errno = Refused, "EKEYREJECTED"
		f.Text += "; the kernel takes only signed modules (module.sig_enforce): \"" + why + "\""
		f.Mend = signIt
	case c.System.Lockdown == "" && c.System.Enforced == "":
		f.Text += "; whether the kernel demands it is not known"
		if unsigned {
			f.State = Unknown
		}
	default:
		f.Text += "; the kernel does not demand it, and is tainted (E) where it checks"
	}
	return f
}

// right is what came of checking a signature.
type right int

const (
	unchecked right = iota
	verified
	wrong
)

// ownCert is what the certificate of a signature's key tells, where it is at hand.
type ownCert struct {
	from string // the file it is in; "": it is not at hand
	id   []byte // the identifier that it gives the key, nil when it gives none
}

// verify checks a signature with the certificates at hand, says in words what
// came of it, and returns that of its key.
func (c *Checker) verify(s *kmod.Signature, image []byte) (r right, said string, cert ownCert) {
	if c.Verify == nil {
		return unchecked, "not verified: that takes the certificate of its key (--cert FILE)", cert
	}
	from, id, err := c.Verify(s, image)
	cert = ownCert{from, id}
	switch {
	case err == nil:
		return verified, "the signature is right, by the certificate in " + from, cert
	case errors.Is(err, kmod.ErrSignature):
		return wrong, "the signature is WRONG, by the certificate in " + from + ": the file was changed after it was signed", cert
	default:
		return unchecked, "not verified: " + err.Error(), cert
	}
}

// signIt says how a module comes to be signed with a key the kernel takes.
const signIt = "sign it with a key that is enrolled (mokutil --import KEY.der and a reboot; scripts/sign-file sha256 KEY.priv KEY.der MODULE), or turn Secure Boot off"

// resign says what to do with a file whose signature is wrong.
const resign = "install the package that has the file again; what strips or changes a module must do it before it is signed (scripts/sign-file)"

// demand says what makes the kernel take only signed modules, "" when nothing
// does or it is not known.
func (c *Checker) demand() string {
	switch {
	case c.System.Enforced == "Y" || c.System.Enforced == "1":
		return "sig_enforce"
	case c.System.Lockdown == "integrity" || c.System.Lockdown == "confidentiality":
		return "lockdown"
	}
	return ""
}

func signer(s *kmod.Signature) string {
	who := s.Signer
	if who == "" {
		who = "somebody it does not name"
	}
	if len(s.Key) > 0 {
		who += ", key " + hex.EncodeToString(s.Key)
	}
	if s.Hash != "" {
		who += ", " + s.Hash
	}
	return who
}

// keyAt says how a key was found among the kernel's.
type keyAt int

const (
	noKey  keyAt = iota // it is not there
	noName              // there is none of the name that is known of it
	sameName
	sameKey
)

// keyOf finds the key of a signature among those that the kernel shows. It shows
// a certificate by its subject and the identifier of its key, or the serial number
// where it has no such (crypto/asymmetric_keys/x509_public_key.c, x509_key_preparse);
// a signature names it by issuer and serial number, or by the identifier. So a
// name alone proves nothing: the builds of a distribution's kernels have keys of
// one name, and so have the machines that DKMS signs on; and the name of a CA that
// issued the certificate is not that of the key. Only its certificate, or a signature
// that has the identifier, tells for certain that a key is not there.
func (c *Checker) keyOf(s *kmod.Signature, cert ownCert) (at keyAt, where string) {
	id := cert.id
	if cert.from == "" && !s.ByID {
		at = noName
	}
	for _, k := range c.System.Keys {
		named := s.Signer != "" && (k.Name == s.Signer || strings.HasSuffix(k.Name, ": "+s.Signer))
		switch {
		case sameID(k.ID, id) || len(id) == 0 && sameID(k.ID, s.Key):
			return sameKey, k.Name
		case named && at != sameName && len(id) == 0:
			at, where = sameName, "identifier "+k.ID
		}
	}
	return at, where
}

// sameID compares an identifier or serial number in hexadecimal with one in bytes.
func sameID(text string, id []byte) bool {
	return len(id) > 0 && strings.EqualFold(strings.TrimLeft(text, "0"), strings.TrimLeft(hex.EncodeToString(id), "0"))
}
