// Package kmod is the loader core: it reads and makes the indexes of a module
// tree, reads modprobe.d configuration, resolves names and aliases, plans the
// order, loads and unloads through a kernel.Kernel, and verifies what came out.
// The same code is /sbin/modprobe in a guest, the thing under test in the
// simulator, and the modprobe a person can use on a host.
//
// It knows a kernel only through the interfaces of package kernel. It must not
// know targets, verbs, screens or VMs; and what is pure (index, config,
// resolve, order) takes no clock, no environment and no network.
package kmod
