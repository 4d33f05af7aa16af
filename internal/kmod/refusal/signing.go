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
	if s == nil {
		f.Text = "the module is not signed"
		return c.demanded(f, "Loading of unsigned module is rejected", true)
	}
	f.Text = "signed by " + signer(s)
	known, where := c.keyOf(s)
	switch {
	case known:
		f.Text += ", whose key the kernel has (" + where + ")"
	case !c.System.KeysKnown && c.System.Lockdown == "" && c.System.Enforced == "":
		f.Text += "; which keys the kernel has is not known"
	case !c.System.KeysKnown:
		f.Text += "; the kernel's keys cannot be seen from here (/proc/keys shows them to root)"
	default:
		f.Text += ", whose key is in none of the kernel's keyrings"
	}
	right, said := c.verify(s, image)
	f.Text += "; " + said
	switch {
	case right == wrong && (known || !c.System.KeysKnown):
		// Whatever is demanded: only what cannot be checked is let pass.
		f.State, f.Errno = Refused, "EKEYREJECTED"
		f.Mend = resign
	case !known && c.System.KeysKnown:
		return c.demanded(f, "Loading of module with unavailable key is rejected", false)
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

// verify checks a signature with the certificates at hand, and says in words what
// came of it.
func (c *Checker) verify(s *kmod.Signature, image []byte) (right, string) {
	if c.Verify == nil {
		return unchecked, "not verified: that takes the certificate of its key (--cert FILE)"
	}
	switch from, err := c.Verify(s, image); {
	case err == nil:
		return verified, "the signature is right, by the certificate in " + from
	case errors.Is(err, kmod.ErrSignature):
		return wrong, "the signature is WRONG, by the certificate in " + from + ": the file was changed after it was signed"
	default:
		return unchecked, "not verified: " + err.Error()
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

// keyOf finds the key of a signature: by identifier, else by who issued it.
func (c *Checker) keyOf(s *kmod.Signature) (known bool, where string) {
	id := hex.EncodeToString(s.Key)
	for _, k := range c.System.Keys {
		if id != "" && strings.EqualFold(strings.TrimLeft(k.ID, "0"), strings.TrimLeft(id, "0")) || s.Signer != "" && (k.Name == s.Signer || strings.HasSuffix(k.Name, ": "+s.Signer)) {
			return true, k.Name
		}
	}
	return false, ""
}
