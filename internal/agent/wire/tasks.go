package wire

// Task is one row of the table of what a thread of a guest can be spawned to do.
type Task struct {
	Name string // the verb
	Says string
	Comm string // the kernel's name of the thread
	// Driver: a kernel thread of the test driver does it.
	Driver bool
}

// Tasks returns the table.
func Tasks() []Task {
	return []Task{
		{Name: "load", Says: "a modprobe process that loads a module by name or alias", Comm: "modprobe"},
		{Name: "unload", Says: "a modprobe process that unloads a module", Comm: "modprobe"},
		{Name: "request", Says: "a kernel thread of the test driver that calls request_module()", Comm: "kthread", Driver: true},
		{Name: "getfs", Says: "a kernel thread of the test driver that calls get_fs_type()", Comm: "kthread", Driver: true},
		{Name: "symbol", Says: "a kernel thread of the test driver that calls symbol_request() for a symbol", Comm: "kthread", Driver: true},
		{Name: "firmware", Says: "a kernel thread of the test driver that takes the usermode helper's lock to load firmware", Comm: "kthread", Driver: true},
		{Name: "suspend", Says: "a kernel thread of the test driver that does to the usermode helper what the way into suspend does", Comm: "kthread", Driver: true},
		{Name: "resume", Says: "a kernel thread of the test driver that does to the usermode helper what the way out of suspend does", Comm: "kthread", Driver: true},
		{Name: "insmod", Says: "a process that calls finit_module on a module's file", Comm: "insmod"},
		{Name: "init", Says: "a process that calls init_module with a module's image", Comm: "insmod"},
		{Name: "rmmod", Says: "a process that calls delete_module", Comm: "rmmod"},
		{Name: "mount", Says: "a process that opens a file system as mount does, which then holds a reference on its module", Comm: "mount"},
		{Name: "testkmod", Says: "a process that has upstream's test_kmod, where the kernel has it, ask for a module; then fs for a file system, threads=N", Comm: "testkmod"},
		{Name: "umount", Says: "a process that gives up what mount opened", Comm: "umount"},
		{Name: "udev", Says: "a process that waits for a module's uevent and takes the module for ready", Comm: "udev"},
		{Name: "initstate", Says: "a process that opens and reads a module's initstate", Comm: "cat"},
		{Name: "seqclient", Says: "a process that uses a client of the sound sequencer by its number", Comm: "seqclient"},
	}
}
