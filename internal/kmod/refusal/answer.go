package refusal

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// Answer explains a refusal: errno, what the kernel logged, and what can be seen
// in the file (look; nil: nothing, and it is called only when the log does not
// say), joined into a cause and what mends it. It is "" where there is nothing to
// add to the errno's own words. A refusal that is known by the log alone has the
// errno 0.
func (c *Checker) Answer(e *kernel.LoadError, look func() []Finding) string {
	if why := c.seen(e, look); why != "" {
		return why
	}
	return sentence(c.fromErrno(e))
}

// seen is Answer without what the errno alone may mean.
func (c *Checker) seen(e *kernel.LoadError, look func() []Finding) string {
	c.mu.Lock()
	cause, mend := c.fromLog(e)
	c.mu.Unlock()
	// The log names one value of an array, and not what is wrong with all of it.
	ofParam := slices.ContainsFunc(e.Log, func(l string) bool { return strings.Contains(l, "for parameter `") })
	if (cause == "" || ofParam) && look != nil {
		if f := explaining(look(), e.Errno, cause != ""); f != nil {
			cause, mend = f.What+": "+f.Text, f.Mend
		}
	}
	return sentence(cause, mend)
}

// explaining returns the finding that a refusal by errno comes from, nil when there is
// none: one for which the kernel refuses a module, else one for which it may.
func explaining(list []Finding, errno syscall.Errno, paramsOnly bool) *Finding {
	var may *Finding
	for i := range list {
		f := &list[i]
		same := f.Errno == kernel.ErrnoName(errno)
		switch {
		case paramsOnly && f.What != WhatParams:
		case f.State == Refused && (same || f.Errno == "" || f.Errno == "ENOENT" && errno == syscall.EINVAL):
			return f
		case f.State == Unknown && same && may == nil:
			may = f
		}
	}
	return may
}

// logRule joins a piece of a line of the kernel's log to a cause. Both are
// given the line and, of its text, what is between the quotes or behind the
// piece.
type logRule struct {
	piece string // of the line, as all kernels from 4.9 to 6.12 print it
	cause func(c *Checker, e *kernel.LoadError, line string) (cause, mend string)
}

// logRules are in the order in which they are tried on every line: the last
// line of a load is not always the one that says why.
func logRules() []logRule {
	return []logRule{
		{"disagrees about version of symbol ", func(c *Checker, _ *kernel.LoadError, line string) (string, string) {
			sym := after(line, "disagrees about version of symbol ")
			if sym == "module_layout" {
				return "it was built for another kernel or configuration (the layout of struct module differs)", rebuild(c.release())
			}
			return fmt.Sprintf("it was built against another version of the symbol %s than the kernel or %s has", sym, c.whose(sym)), rebuild(c.release())
		}},
		{"uses symbol ", func(_ *Checker, e *kernel.LoadError, line string) (string, string) {
			ns := word(after(line, "from namespace "))
			if ns == "" {
				return "", ""
			}
			return fmt.Sprintf("it uses a symbol of the namespace %s without importing it", ns), fmt.Sprintf("add MODULE_IMPORT_NS(%s) to its source and build it again", ns)
		}},
		{"Unknown symbol ", unknownSymbol},
		{"version magic ", func(c *Checker, _ *kernel.LoadError, line string) (string, string) {
			return "its vermagic is not the kernel's: " + line[strings.Index(line, "version magic "):], rebuild(c.release())
		}},
		{".gnu.linkonce.this_module section size must match", func(c *Checker, _ *kernel.LoadError, _ string) (string, string) {
			return "its struct module has another size than the kernel's: it was built with another configuration", rebuild(c.release())
		}},
		{"Invalid architecture in ELF header", func(c *Checker, _ *kernel.LoadError, _ string) (string, string) {
			return "it is built for another architecture", "get the module of this architecture"
		}},
		{"Invalid ELF ", func(_ *Checker, _ *kernel.LoadError, _ string) (string, string) {
			return "the file is damaged or no module", "install its package again"
		}},
		{"decompression failed with status ", notDecompressed},
		{"Loading of unsigned module is rejected", rejected("it is not signed, and the kernel takes only signed modules")},
		{"Loading of module with unavailable key is rejected", rejected("the key it is signed with is not enrolled")},
		{"Loading of module with unsupported crypto is rejected", rejected("it is signed in a way this kernel does not know")},
		{"unsigned module loading is restricted", rejected("the kernel is locked down (Secure Boot), and the module is not signed with a key it has")},
		{"invalid for parameter ", badParameter},
		{"too large for parameter ", badParameter},
		{"is blacklisted", func(_ *Checker, e *kernel.LoadError, _ string) (string, string) {
			return "the kernel's command line has module_blacklist=" + e.Module, "boot without it"
		}},
		{"cannot create duplicate filename", func(_ *Checker, e *kernel.LoadError, line string) (string, string) {
			return "something of that name is in sysfs already (" + strings.Trim(after(line, "filename "), "'") + "): the same code is built in or loaded under another name", ""
		}},
		{"exports duplicate symbol ", func(_ *Checker, _ *kernel.LoadError, line string) (string, string) {
			return "it exports a symbol that is there already: " + after(line, "exports duplicate symbol "), "unload the module that owns it first"
		}},
	}
}

// fromLog finds the cause in what the kernel logged.
func (c *Checker) fromLog(e *kernel.LoadError) (cause, mend string) {
	for _, r := range logRules() {
		for _, line := range e.Log {
			if !strings.Contains(line, r.piece) {
				continue
			}
			if cause, mend = r.cause(c, e, line); cause != "" {
				return cause, mend
			}
		}
	}
	return "", ""
}

// after returns what follows a piece of a line.
func after(line, piece string) string {
	_, rest, _ := strings.Cut(line, piece)
	return strings.TrimSpace(rest)
}

// word returns the first word, without a comma behind it.
func word(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return strings.TrimRight(w, ",.;")
}

// whose names the module that exports a symbol.
func (c *Checker) whose(symbol string) string {
	if owner := c.owner(symbol); owner != "" {
		return owner
	}
	return "a module"
}

// unknownSymbol explains "Unknown symbol NAME (err -N)": -2 nobody has it, -22
// it is there and does not fit, -16 its module did not come up in time
// (kernel/module/main.c, simplify_symbols and resolve_symbol_wait).
func unknownSymbol(c *Checker, e *kernel.LoadError, line string) (cause, mend string) {
	sym := word(after(line, "Unknown symbol "))
	owner := c.owner(sym)
	switch {
	case strings.Contains(line, "(err -22)"):
		return fmt.Sprintf("the symbol %s is there, of another version, licence or namespace than it was built for", sym), rebuild(c.release())
	case strings.Contains(line, "(err -16)"):
		return fmt.Sprintf("the module that exports %s (%s) was being loaded and did not get ready within 30 s", sym, c.whose(sym)), "look at what holds that load: states, log"
	case owner != "":
		return fmt.Sprintf("the symbol %s is exported by %s, which is not loaded", sym, owner), fmt.Sprintf("load it first (modprobe %s), or use modprobe in place of insmod; if it is loaded, %s takes only GPL modules", owner, sym)
	}
	return fmt.Sprintf("nobody exports the symbol %s: neither the kernel nor a module of the tree, or it is for GPL modules only and this is none", sym), rebuild(c.release())
}

// notDecompressed explains "decompression failed with status N", where N is an
// enum xz_ret (include/linux/xz.h; kernel/module/decompress.c).
func notDecompressed(_ *Checker, _ *kernel.LoadError, line string) (cause, mend string) {
	const again = "compress it with: xz --check=crc32 --lzma2=dict=1MiB"
	switch word(after(line, "decompression failed with status ")) {
	case "3": // XZ_MEM_ERROR
		return "the kernel has no memory for the dictionary that the file was compressed with", again
	case "6": // XZ_OPTIONS_ERROR
		return "the kernel's own decompressor does not take the file: it knows only the check CRC32, and few filters", again
	}
	return "the compressed file is damaged", "install its package again"
}

func rejected(why string) func(*Checker, *kernel.LoadError, string) (string, string) {
	return func(c *Checker, e *kernel.LoadError, _ string) (string, string) {
		return why, signIt
	}
}

// badParameter explains "NAME: `VALUE' invalid for parameter `PARAM'"
// (kernel/params.c, parse_args).
func badParameter(_ *Checker, e *kernel.LoadError, line string) (cause, mend string) {
	i := strings.Index(line, "`")
	if i < 0 {
		return "", ""
	}
	value, rest, _ := strings.Cut(line[i+1:], "'")
	_, rest, _ = strings.Cut(rest, "`")
	param, _, _ := strings.Cut(rest, "'")
	return fmt.Sprintf("the value %q is not one that its parameter %s takes", value, param), "see modinfo -p " + e.Module
}

// fromErrno says what an errno means when neither log nor file tell more.
func (c *Checker) fromErrno(e *kernel.LoadError) (cause, mend string) {
	switch kernel.ErrnoName(e.Errno) {
	case "EPERM":
		switch {
		case c.System.Disabled:
			return "loading of modules is turned off until the next boot (kernel.modules_disabled)", "reboot"
		case c.demand() != "":
			return "the kernel takes only signed modules (" + c.demand() + ")", signIt
		}
		return "it takes CAP_SYS_MODULE", "become root; in a container it is the host that loads modules"
	case "ENODEV":
		return "the module found nothing to drive: no such device, or one that another driver has", "look at the log"
	case "ENOEXEC":
		return "the kernel does not take the file as a module of its own: architecture, vermagic or build differ", "compare: modinfo -F vermagic FILE; uname -r"
	case "EKEYREJECTED":
		if c.demand() == "" {
			// Only a signature that was checked is refused then (module_sig_check).
			return "its signature is wrong, since the file was changed after it was signed, or its key is revoked (/proc/keys, .blacklist)", resign
		}
		return "the kernel rejects its signature", signIt
	case "EBADMSG":
		return "what ends the file as a signature makes no sense, since the file was cut off or changed after it was signed", resign
	case "ENOKEY":
		return "the kernel has not got the key it is signed with", signIt
	case "ENOENT":
		return "a symbol it needs is missing", "load what it depends on, with modprobe in place of insmod"
	case "ENOMEM":
		return "the kernel has no memory for it", ""
	case "EBUSY":
		return "another load of it failed at the same time, or what it wants is taken", "try again; look at the log"
	case "EEXIST":
		return "it is loaded already", ""
	}
	return "", ""
}
