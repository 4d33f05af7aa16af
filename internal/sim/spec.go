package sim

import (
	"time"
)

// ParamKind is the kind of a module parameter, as far as the model needs it.
type ParamKind uint8

// The kinds.
const (
	ParamInt   ParamKind = iota
	ParamBool            //
	ParamCharp           // its string is duplicated by kmalloc (kernel/params.c, param_set_charp)
)

// ParamSpec is one parameter of a module.
type ParamSpec struct {
	Name string
	Kind ParamKind
}

// SymbolSpec is a symbol a module uses.
type SymbolSpec struct {
	Name string
	Weak bool
}

// Defects are ways in which a module's file may be bad; each fails the load
// where the kernel would find it.
type Defects struct {
	Short        bool   // fewer bytes than an ELF header: ENOEXEC at L1 or L3
	BadELF       bool   // ENOEXEC at L3
	BadVermagic  bool   // ENOEXEC at L4
	BadLayoutCRC bool   // ENOEXEC at L4
	BadSignature Errno  // errno at L2, 0: none
	BadCRC       string // a used symbol whose CRC does not match: EINVAL at L8
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
	Defects    Defects
	Body       Body
}

// Body is what the module's own code does. Parameters init_ms, init_ret and
// exit_ms of a module that has them are added to it, as in the measured test
// module.
type Body struct {
	InitSleep time.Duration
	InitRet   Errno    // init returns -InitRet; 0: success
	InitPos   bool     // init returns a positive number: logged, counts as success
	Requests  []string // names init requests, in order, waiting for each
	Provides  []string // what it registers early in init: "fs:ext4"
	ExitSleep time.Duration
}

// File identifies one module file: two loads of the same file share an inode,
// a copy has its own.
type File struct {
	Path       string
	Inode      uint64
	Spec       *Spec
	Compressed bool
}
