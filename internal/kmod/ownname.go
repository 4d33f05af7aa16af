package kmod

import "example.org/kmodsh/internal/kernel"

// ownName is what the module in a file calls itself, where that is another name
// than its file's: the kernel lists a module by the name inside it
// (kernel/module/main.c, layout_and_allocate takes struct module from the file),
// modprobe by that of its file. "" where they are the same, or the file does not
// say (before Linux 4.13) or cannot be read.
func (r *Resolver) ownName(module, file string) string {
	if file == "" || !r.tree.HasContents() {
		return ""
	}
	f, err := r.tree.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	facts, err := ReadModuleFile(f, file)
	if err != nil {
		return ""
	}
	name, ok := facts.Field("name")
	if name = kernel.Normalize(name); !ok || name == kernel.Normalize(module) || kernel.CheckModuleName(name) != nil {
		return ""
	}
	return name
}
