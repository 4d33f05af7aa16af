// Package kernel is the waist of the house: the small interfaces through which
// the loader acts on a kernel (Kernel) and the verbs on a target (Target), the
// values they exchange, the errors they return, and the one implementation
// that talks to the Linux kernel it runs on.
//
// It must not know how a name is resolved, what a policy is, where a VM comes
// from, or how anything is shown. Only its Linux half makes module system
// calls.
package kernel
