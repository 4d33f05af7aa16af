package refusal

// State is what was found of one thing.
type State string

// The states of a finding.
const (
	Fits    State = "fits"    // the kernel will not mind
	Refused State = "refused" // the kernel will refuse the module for it
	Warned  State = "warned"  // it is odd, and the kernel loads the module nevertheless
	Unknown State = "unknown" // it cannot be told from here
)

// Finding is one thing that the kernel's loader looks at in a module file, and
// what it will find.
type Finding struct {
	What  string `json:"what"` // such as "architecture" or "vermagic"
	State State  `json:"state"`
	Text  string `json:"text"`            // what was compared with what
	Errno string `json:"errno,omitempty"` // what the kernel answers then, such as ENOEXEC
	Mend  string `json:"mend,omitempty"`  // what to do, a command where there is one
}

// The things that are looked at, in the order in which findings come.
const (
	WhatFile      = "file"
	WhatArch      = "architecture"
	WhatSignature = "signature"
	WhatLayout    = "this_module"
	WhatVermagic  = "vermagic"
	WhatSymbols   = "symbols"
	WhatVersions  = "symbol versions"
	WhatParams    = "parameters"
)

// Problems returns the findings that are not in order.
func Problems(list []Finding) (out []Finding) {
	for _, f := range list {
		if f.State == Refused || f.State == Warned {
			out = append(out, f)
		}
	}
	return out
}

// First returns the refusal that the kernel comes to first, nil when there is
// none.
func First(list []Finding) *Finding {
	for i := range list {
		if list[i].State == Refused {
			return &list[i]
		}
	}
	return nil
}

// String is the finding in one line.
func (f Finding) String() string {
	s := f.What + ": " + f.Text
	if f.Errno != "" {
		s += " (" + f.Errno + ")"
	}
	if f.Mend != "" {
		s += "; " + f.Mend
	}
	return s
}

// FileCheck is what the kernel will find in one module file.
type FileCheck struct {
	Module   string    `json:"module"` // that was asked for and is loaded with it
	Of       string    `json:"of"`     // whose file it is: Module, or one it needs
	File     string    `json:"file"`
	Findings []Finding `json:"findings"`
}
