package sim

import (
	"time"
)

// ParamKind is the kind of a module parameter (kernel/params.c), as the
// parmtype fields of a module name it.
type ParamKind uint8

// The kinds. An unknown one takes any value.
const (
	ParamInt   ParamKind = iota
	ParamBool            // also without a value
	ParamCharp           // its string is duplicated by kmalloc (param_set_charp)
	ParamUint
	ParamShort
	ParamUshort
	ParamByte
	ParamLong
	ParamUlong
	ParamInvbool
	ParamOther // an array, a string buffer, or a type of the module's own
)

// ParamSpec is one parameter of a module.
type ParamSpec struct {
	Name   string
	Kind   ParamKind
	Hidden bool // not shown in sysfs: its mode is 0
}

// SymbolSpec is a symbol a module uses.
type SymbolSpec struct {
	Name string
	Weak bool
	GPL  bool // exported to modules under a GPL-compatible licence only
}

// Defects are ways in which a module's file may be bad; each fails the load
// where the kernel would find it.
type Defects struct {
	Short        bool   // fewer bytes than an ELF header: ENOEXEC at L1 or L3
	BadELF       bool   // ENOEXEC at L3
	LooseELF     bool   // passes the checks up to 6.1, not those of 6.12: ENOEXEC at L3
	BadVermagic  bool   // ENOEXEC at L4
	BadLayoutCRC bool   // ENOEXEC at L4
	BadSignature Errno  // errno at L2, 0: none
	BadCRC       string // a used symbol whose CRC does not match: EINVAL at L8
	BadNamespace string // a used symbol of a namespace that is not imported: EINVAL at L8
	DupExport    bool   // exports a symbol that is there already: ENOEXEC at L11
	Missing      string // an undefined symbol nobody has: ENOENT at L8
}

// Spec is a module as its file describes it. It is never changed once a world
// uses it.
type Spec struct {
	Name       string // kernel's name, with underscores
	Version    bool   // has a version: attribute file before initstate
	SrcVersion bool   // has a srcversion: likewise
	Params     []ParamSpec
	Exports    []string
	Uses       []SymbolSpec
	Taint      string // letters it taints with when loaded, such as "O"
	CoreSize   int64  // bytes that stay
	InitSize   int64  // bytes given back after init
	PerCPU     bool   // takes per-cpu memory at L7
	NoExit     bool   // has init and no exit: cannot be unloaded
	Vermagic   string // "": the kernel's own, or for a bad one another
	License    string // "": GPL, or for a module that taints with P Proprietary
	Defects    Defects
	Body       Body
}

// Body is what the module's own code does. Parameters init_ms, init_ret and
// exit_ms of a module that has them are added to it, as in the measured test
// module.
type Body struct {
	InitSleep time.Duration
	InitRet   Errno    // init returns -InitRet; 0: success
	InitPos   int      // init returns this positive number: logged, counts as success
	Requests  []string // names init requests, in order, waiting for each
	Provides  []string // what it registers early in init: "fs:ext4"
	ExitSleep time.Duration
	Async     *AsyncWork // what init leaves to an async worker, nil nothing
}

// AsyncWork is work that a module's init has done by an async worker
// (kernel/async.c): it sleeps, requests modules, and registers what it provides.
type AsyncWork struct {
	Sleep    time.Duration
	Requests []string
	Provides []string
}

// vermagic is the version magic the file carries.
func (s *Spec) vermagic() string {
	if s.Vermagic != "" {
		return s.Vermagic
	}
	return "5.0.0-other SMP preempt mod_unload modversions "
}

func (s *Spec) license() string {
	if s.License != "" {
		return s.License
	}
	return "Proprietary"
}

// File identifies one module file: two loads of the same file share an inode,
// a copy has its own.
type File struct {
	Path       string
	Inode      uint64
	Spec       *Spec
	Compressed bool
}

// size is the file's size in bytes, as far as the model needs one.
func (f *File) size() int64 { return f.Spec.CoreSize + f.Spec.InitSize }
