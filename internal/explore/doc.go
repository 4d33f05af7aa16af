// Package explore searches the schedules of a simulated kernel for one that
// breaks a promise, makes it small, and writes it down so that it can be
// replayed and read.
//
// A Problem is data: a system, a profile, and the actions (threads spawned,
// faults, settings) that come before the search. Explore answers with a Report:
//
//	report, err := explore.Explore(ctx, explore.Problem{
//		Name: "seed/builtin-race", System: sys, Profile: profile,
//		Setup: run.Actions(), Promises: explore.Promises(),
//	}, explore.Options{})
//	for _, b := range report.Broken { ... b.Promise, b.Says, b.Schedule ... }
//
// Shrink makes a failing schedule small, Token and ParseToken turn it into a
// short word and back, Replay takes its steps in a sim.Run with all its
// events, Tell and Chart write it as prose and as a sequence chart.
//
// # How nothing is missed
//
// A step is what a thread does from one point to the next, or to where it has
// to wait. The simulator says of each step what shared things it read and wrote
// (sim.Footprint). Steps of different threads that do not conflict may change
// places without anybody noticing, so that of all schedules that differ only by
// such exchanges one is enough.
//
// The search is the source-set algorithm of Abdulla, Aronis, Jonsson and
// Sagonas (Optimal dynamic partial order reduction, POPL 2014) with sleep sets
// (Godefroid, 1996). It was chosen over the persistent sets of Flanagan and
// Godefroid (POPL 2005) since it needs nothing more to be known of a step than
// what it did when it was taken, and explores fewer schedules. It asks that a
// step that can be taken can be taken until it is taken, which holds here:
// nobody takes the processor away from a ready thread, a lock that is not free
// makes the step end in a wait. A wake-up and the making of a thread order two
// steps as a conflict does. Time moves only when nobody else can, so that a
// move of the clock orders all steps before it before all that follow.
//
// States met before are not searched again. A state is the shared state with
// each thread's history of observations, so that equal states have equal
// futures. Pruned futures may conflict with steps on the way to the state: with
// each state is kept what each thread was seen to touch beyond it, and every
// step on the new way that conflicts with that, and is not ordered before it,
// gets all its alternatives explored. That is coarser than a source set, and
// safe. A state that was searched with a sleep set is searched again when it is
// met with one that does not contain it. (Yang, Chen, Gopalakrishnan and Kirby,
// Efficient stateful dynamic partial order reduction, SPIN 2008.)
//
// A promise is checked at the end of a schedule and, where it looks at what one
// thread was told, in that thread's last step; what only an uninvolved onlooker
// could see half way is not searched for.
//
// Before that come passes with few preemptions (0, 1, 2), in which every
// alternative within the bound is taken: most mistakes need one or two, and a
// schedule with few switches is one a person can read. What is too big gets
// random, probabilistic (PCT) or round robin schedules instead; the report says
// what was and was not covered.
//
// The package takes no clock and no randomness of its own: time limits come
// with the context, seeds with the options. It must not know verbs, fronts or
// the text of scenarios.
package explore
