package kernel

// Verdict is what the verifier says of a finished load or request.
type Verdict string

// The verdicts.
const (
	OK           Verdict = "ok"            // success reported, and the module is live
	IsBuiltin    Verdict = "builtin"       // success reported, and it is in the kernel image
	Premature    Verdict = "premature"     // success reported, module present but not live
	FalseBuiltin Verdict = "false-builtin" // success reported as built in, and it is not
	Lost         Verdict = "lost"          // success reported, and no module is there
	Failed       Verdict = "failed"        // failure reported, rightly
	Spurious     Verdict = "spurious"      // failure reported, and the module is live or built in
)

// Verdicts returns all of them, in the order of their constants.
func Verdicts() []Verdict {
	return []Verdict{OK, IsBuiltin, Premature, FalseBuiltin, Lost, Failed, Spurious}
}

// Says is what a verdict says, in a sentence.
func (v Verdict) Says() string {
	switch v {
	case OK:
		return "success was reported, and the module is live"
	case IsBuiltin:
		return "success was reported, and it is in the kernel image"
	case Premature:
		return "success was reported, and the module is there but not live"
	case FalseBuiltin:
		return "success was reported as built in, and it is not"
	case Lost:
		return "success was reported, and no module is there"
	case Failed:
		return "failure was reported, rightly"
	case Spurious:
		return "failure was reported, and the module is live or built in"
	}
	return ""
}
