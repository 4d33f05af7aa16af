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
// futures (sim.Image). A history forgets what can make no difference: how often
// a wait looked in vain, and all but the answer when a thread has ended. Threads
// that are spawned to do the same may change places: states that differ only in
// which of them is which are one. Pruned futures may conflict with steps on the
// way to the state: with each state is kept what each thread was seen to touch
// beyond it, and every step on the new way that conflicts with that, and is not
// ordered before it, gets an alternative explored that begins what does not
// come after it. A state that was searched with a sleep set is searched again
// when it is met with one that does not contain it. (Yang, Chen, Gopalakrishnan
// and Kirby, Efficient stateful dynamic partial order reduction, SPIN 2008;
// Emerson and Sistla, Symmetry and model checking, CAV 1993.)
//
// Most of these states are made without running the kernel: what a step does is
// learned by taking it once, in a world, and holds wherever the thread has
// observed the same and all that the step went by is the same (move). A world
// is brought to a state only where a step is new or an end is to be judged, and
// then the state is compared with what the moves led to: should they differ, the
// pass is done again with every step taken.
//
// Before that come passes with few preemptions (0, 1, 2), in which every
// alternative within the bound is taken: most mistakes need one or two, and a
// schedule with few switches is one a person can read. What is too big gets
// random, probabilistic (PCT) or round robin schedules instead; the report says
// what was and was not covered.
//
// # Questions about states
//
// A promise is checked at the end of a schedule, or of every step that changes
// what it looks at. One that says what it looks at (Watch) makes the steps that
// change that conflict with each other, so that all that is ever to be seen of
// it at once is seen; it is asked where that has not been so before. One that
// does not, or names a thread whose name depends on the order of steps, is asked
// after every step, every alternative is taken at every state, and nothing is
// learned or forgotten. Threads that a promise names are told apart from those
// that do the same.
//
// # Many workers
//
// A pass begins with one worker. After 100,000 steps the others join: who has
// nothing to do is given the alternative nearest to the start. So the report of
// a search within that does not depend on the number of workers at all. Of a
// longer one neither do completeness, outcomes and points reached, when it comes
// to its end, nor which promises are broken where all are asked for. The counts
// may, and which schedule is the first that breaks a promise.
//
// The package takes no clock and no randomness of its own: time limits come
// with the context, seeds with the options. It must not know verbs, fronts or
// the text of scenarios.
package explore
