// Package refusal says why a kernel refuses a module: before it is asked, by
// looking at what its loader will look at (pre-flight), and afterwards, by
// joining its errno and what it logged to a cause and to what mends it.
//
// It must not know targets, verbs or how a module came to be asked for. It
// changes nothing, and what it cannot tell it says it cannot tell.
package refusal
