package kernel

import (
	"context"
	"io"
	"os"
	"path"
	"strings"
)

// System is what a running kernel shows of itself that decides about modules.
// Its zero value is a kernel of which nothing is known.
type System struct {
	Machine     string `json:"machine,omitempty"`     // as uname -m
	Compression string `json:"compression,omitempty"` // what finit_module decompresses itself; "" none or unknown
	Lockdown    string `json:"lockdown,omitempty"`    // "none", "integrity" or "confidentiality"; "" not known
	Enforced    string `json:"sig_enforce,omitempty"` // "Y" or "N": only signed modules; "" not known
	Disabled    bool   `json:"modules_disabled,omitempty"`
	Keys        []Key  `json:"keys,omitempty"`
	KeysKnown   bool   `json:"keys_known,omitempty"` // Keys is all there are
}

// Key is one key of the kernel's keyrings that modules may be signed with.
type Key struct {
	Name string `json:"name"` // the subject of its certificate
	ID   string `json:"id"`   // its subject key identifier or serial number, in hexadecimal
}

// maxSmallFile bounds what is read of a file of procfs or sysfs, in bytes.
const maxSmallFile = 1 << 20

// ReadSystem reads what the kernel whose procfs and sysfs are mounted below
// root ("" for this system's) shows. What cannot be read stays unknown.
func ReadSystem(root string) System {
	s := System{
		Machine:     small(root, "/proc/sys/kernel/arch"),
		Compression: small(root, "/sys/module/compression"),
		Lockdown:    chosen(small(root, "/sys/kernel/security/lockdown")),
		Enforced:    small(root, "/sys/module/module/parameters/sig_enforce"),
		Disabled:    small(root, "/proc/sys/kernel/modules_disabled") == "1",
	}
	s.Keys, s.KeysKnown = parseKeys(small(root, "/proc/keys"))
	return s
}

func small(root, name string) string {
	text, _ := smallFile(path.Join(root, name))
	return strings.TrimSpace(text)
}

// smallFile reads a file of procfs or sysfs.
func smallFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	return string(b), err
}

// chosen returns the word in brackets, as security/lockdown marks its state.
func chosen(text string) string {
	_, rest, ok := strings.Cut(text, "[")
	word, _, closed := strings.Cut(rest, "]")
	if !ok || !closed {
		return ""
	}
	return word
}

// Describer is implemented by a Target that can say what its kernel demands of
// modules.
type Describer interface {
	System(ctx context.Context) (System, error)
}

// ParamReader is implemented by a Target that can read the parameters of loaded
// modules, by module and name.
type ParamReader interface {
	Params(ctx context.Context) (map[string]map[string]string, error)
}

// Damaged is implemented by a Target that goes round damaged indexes of its module
// tree, by the text beside them. It returns all it has passed over since it was
// opened, in that order, so that the person is told once.
type Damaged interface {
	Damaged() []error
}

// parseKeys takes the asymmetric keys out of /proc/keys, of which each line is
// serial, flags, usage, timeout, permissions, uid, gid, type, description
// (Documentation/security/keys/core.rst). The description of a certificate's key
// is "SUBJECT: ID: X509.rsa SHORT []" (crypto/asymmetric_keys/x509_public_key.c,
// x509_key_preparse, and asymmetric_type.c, asymmetric_key_describe). known is
// false where none is shown: a reader sees only the keys it may view.
func parseKeys(text string) (keys []Key, known bool) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 9 || !strings.HasPrefix(f[7], "asymmetri") {
			continue
		}
		_, desc, _ := strings.Cut(line, f[7])
		parts := strings.Split(strings.TrimSpace(desc), ": ")
		if len(parts) < 3 {
			continue
		}
		n := len(parts)
		keys = append(keys, Key{Name: strings.Join(parts[:n-2], ": "), ID: parts[n-2]})
	}
	return keys, len(keys) > 0
}

// maxParams bounds how many parameters of all modules are read.
const maxParams = 1 << 16

// ReadParams reads the parameters of modules, loaded and built in, that the
// sysfs below root ("" for this system's) shows to this user.
func ReadParams(root string) (map[string]map[string]string, error) {
	dir := path.Join(root, "/sys/module")
	modules, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	n := 0
	for _, m := range modules {
		params, err := os.ReadDir(path.Join(dir, m.Name(), "parameters"))
		if err != nil {
			continue // most have none
		}
		for _, p := range params {
			b, err := smallFile(path.Join(dir, m.Name(), "parameters", p.Name()))
			if err != nil {
				continue // for root only, or without a reader
			}
			if out[m.Name()] == nil {
				out[m.Name()] = map[string]string{}
			}
			out[m.Name()][p.Name()] = strings.TrimRight(b, "\n")
			if n++; n == maxParams {
				return out, nil
			}
		}
	}
	return out, nil
}
