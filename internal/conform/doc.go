// Package conform asks whether two kernels agree: the threads of a scenario are
// moved on both by the same choices, and whatever both can show is compared
// after every move. One is most often the model, the other a real kernel.
//
// What is compared, and what is left out by rule, is written down in
// docs/conform.md. The package must not know which targets it compares, verbs,
// scenarios or the clock.
package conform
