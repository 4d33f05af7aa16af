// Package sim is the simulated kernel: the module loader, request_module() and
// the usermode helper as a step machine, with threads that run real code (the
// loader core among it) from one point to the next and no further than they
// are told.
//
// It is exact and repeatable: no clock but the virtual one, no randomness, no
// goroutines, no order of a map. The same world and the same choices give the
// same events, byte for byte. Going back is making the world again and taking
// the same steps.
//
// It must not know verbs, fronts, scenarios, or how a schedule is searched.
// Every rule of the kernel it follows names the function and the versions it
// was read in.
package sim
