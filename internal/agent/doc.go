// Package agent is the guest's side of the talk with the lab: the first
// process of a throw-away VM, which mounts what a system needs, loads the
// modules of the disk with the project's own loader, and then answers the
// operations of package wire over a serial line: load, unload, request, and
// the events of the kernel and of the modprobe processes it starts, merged
// into one ordered stream.
//
// It must not know who asks (a screen, a script), how the VM was made, or what
// a verb is. Nothing that comes over the link or from a process of the guest
// is trusted to be of the right form or size.
package agent
