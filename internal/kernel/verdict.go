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
