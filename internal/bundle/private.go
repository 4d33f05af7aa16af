package bundle

import (
	"regexp"
	"strings"
)

// What is nobody's business, and says nothing about modules: addresses of
// network cards, and values of what is called a secret. The rest of a bundle is
// meant to be looked through by who gives it away.
var (
	hardwareAddress = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b`)
	secretName      = regexp.MustCompile(`(?i)pass(?:word|wd|phrase|code)|secret|token|credential|psk|api_?key|private_?key|wep_?key|auth_?key`)
	secretValue     = regexp.MustCompile(`(?i)([\w.-]*(?:` + secretName.String()[4:] + `)[\w.-]*\s*[=:]\s*)("[^"]*"|\S+)`)
)

// hidden stands for what was taken out.
const hidden = "***"

// Mask takes out of a text what is nobody's business. Lines stay lines.
func Mask(text string) string {
	text = hardwareAddress.ReplaceAllString(text, hidden)
	return secretValue.ReplaceAllString(text, "${1}"+hidden)
}

// MaskValue is Mask for the value of a parameter.
func MaskValue(name, value string) string {
	if secretName.MatchString(name) && value != "" {
		return hidden
	}
	return Mask(value)
}

// AboutModulesCmdline keeps of a kernel's command line what can be about
// modules: values of words that have a dot in their names (MODULE.PARAM=VALUE,
// modprobe.blacklist=) or that the loader reads. Of all other words their names
// are kept and not their values, and what is behind "--", which is for init, is
// left out.
func AboutModulesCmdline(line string) string {
	var out []string
	for _, word := range cmdlineWords(line) {
		if word == "--" {
			break
		}
		name, value, has := strings.Cut(word, "=")
		switch bare := strings.Trim(name, `"`); {
		case !has:
		case strings.HasPrefix(bare, "rd.") || strings.HasPrefix(bare, "systemd."): // no modules: they are for programs
			word = name + "=" + hidden
		case strings.Contains(bare, ".") || readByLoader[bare]:
			word = name + "=" + MaskValue(name, value)
			if strings.HasPrefix(name, `"`) && !strings.HasSuffix(word, `"`) {
				word += `"`
			}
		default:
			word = name + "=" + hidden
		}
		if strings.Count(word, `"`)%2 != 0 {
			word = strings.ReplaceAll(word, `"`, "")
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

// readByLoader are words without a dot that decide about modules
// (Documentation/admin-guide/kernel-parameters.txt).
var readByLoader = map[string]bool{"module_blacklist": true, "initcall_blacklist": true, "lockdown": true, "debug_boot_weak_hash": true}

// cmdlineWords splits at blanks outside of double quotes, as the kernel does
// (lib/cmdline.c, next_arg).
func cmdlineWords(line string) []string {
	quoted := false
	return strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t' || r == '\n')
	})
}
