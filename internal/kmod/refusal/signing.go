package refusal

import (
	"encoding/hex"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// checkSignature holds a module's signature against the keys the kernel has and
// against what it demands (kernel/module/signing.c, module_sig_check). Whether
// the signature is right is not checked: that takes the key itself.
func (c *Checker) checkSignature(m *kmod.ModuleFacts) Finding {
	f := Finding{What: WhatSignature, State: Fits}
	s := m.Signature
	why := ""
	switch {
	case s == nil:
		f.Text, why = "the module is not signed", "Loading of unsigned module is rejected"
	default:
		f.Text = "signed by " + signer(s)
		switch known, where := c.keyOf(s); {
		case known:
			f.Text += ", whose key the kernel has (" + where + ")"
		case !c.System.KeysKnown:
			f.Text += "; the kernel's keys cannot be seen from here (/proc/keys shows them to root)"
		default:
			f.Text += ", whose key is in none of the kernel's keyrings"
			why = "Loading of module with unavailable key is rejected"
		}
	}
	demand := c.demand()
	if s != nil && why == "" {
		if demand != "" && !c.System.KeysKnown {
			f.State = Unknown
		}
		return f
	}
	switch {
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
		if s == nil {
			f.State = Unknown
		}
	default:
		f.Text += "; the kernel does not demand it, and is tainted (E) where it checks"
	}
	return f
}

// signIt says how a module comes to be signed with a key the kernel takes.
const signIt = "sign it with a key that is enrolled (mokutil --import KEY.der and a reboot; scripts/sign-file sha256 KEY.priv KEY.der MODULE), or turn Secure Boot off"

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
