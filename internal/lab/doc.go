// Package lab is where virtual machines come from: it finds and fetches
// kernels, prepares what a machine boots from (kernel image, initramfs, disk
// image with the module tree), runs QEMU, saves and restores machines, and
// talks to the agent in the guest.
//
// It must not know how a name is resolved or a module loaded (it asks package
// kmod), what a verb is, or how anything is shown: whoever wants to see how far
// a long step is passes a Progress.
//
// Everything it keeps is in one directory, the Cache. A file there is made
// under a temporary name and then renamed, so what has its final name is whole,
// and is never changed afterwards.
package lab
