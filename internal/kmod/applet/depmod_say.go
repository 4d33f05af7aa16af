package applet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// told says what went wrong in kmod's words.
func (d *depmodRun) told(err error) error {
	var cycles *kmod.CycleError
	if errors.As(err, &cycles) {
		for _, c := range cycles.Cycles {
			d.say("ERROR: Cycle detected: " + strings.Join(c, " -> "))
		}
		return said("Found %d modules in dependency cycles!", cycles.Modules)
	}
	var twice *kmod.DuplicateError
	if errors.As(err, &twice) {
		d.say(fmt.Sprintf("ERROR: hash_add_unique %s: File exists", twice.Module))
		return fatalError{fmt.Sprintf("could not add module %s: File exists", twice.File)}
	}
	var out *kmod.OutError
	if errors.As(err, &out) {
		return fatalError{fmt.Sprintf("could not create directory %s: %s", out.Dir, strerror(kernel.ErrnoOf(err)))}
	}
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "depmod: "))
	}
	return nil
}

// aboutBinary begins what is said while the binary indexes are made.
var aboutBinary = [...]string{
	"WARNING: could not open modules.builtin", "WARNING: duplicate module alias", "WARNING: Unmatched bracket", "ERROR: Invalid modules.builtin",
}

// say prints a warning or an error that depmod goes on after.
func (d *depmodRun) say(line string) {
	// What kmod would not say is for those who ask.
	if !d.warn && (strings.HasPrefix(line, "WARNING: only the name of ") || strings.HasPrefix(line, "WARNING: link ")) {
		return
	}
	if d.show && strings.HasSuffix(line, " left out: an index holds 7-bit characters only") {
		return
	}
	for _, what := range aboutBinary {
		if d.show && strings.HasPrefix(line, what) {
			return // kmod makes no binary index then
		}
	}
	fmt.Fprintf(d.Stderr, "depmod: %s\n", line)
}

// showIndexes prints the text indexes, and writes nothing.
func (d *depmodRun) showIndexes() error {
	opt := d.opt
	opt.Show = func(name string, text []byte) error {
		if !slices.Contains(dryRunFiles[:], name) {
			return nil
		}
		_, err := d.Stdout.Write(text)
		return err
	}
	_, err := kmod.Depmod(context.Background(), opt)
	return err
}
