// There is no assembly here: with a file of it the compiler takes functions
// without a body, such as the one in early.go that has a linker name.
