package lab

// States of a Check.
const (
	CheckOK      = "ok"
	CheckMissing = "missing" // nothing runs without it
	CheckWarn    = "warn"    // works, but not well
)

// Check is one line of what the doctor found.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"`         // one of the Check constants
	Detail string `json:"detail"`        // what was found
	Fix    string `json:"fix,omitempty"` // the exact command that mends it
}
