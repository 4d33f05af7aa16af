package applet

import (
	"context"
	"errors"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// insmodOptions are the flags of insmod(8) of kmod 30.
var insmodOptions = []option{
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// insmod loads one module file without looking after dependencies.
func (p *program) insmod(args []string) error {
	// Parameters may begin with a dash only behind the file name, where kmod's
	// tool takes them as they are.
	file := 0
	for file < len(args) && len(args[file]) > 1 && args[file][0] == '-' && args[file] != "--" {
		file++
	}
	flags, _, err := getopt(args[:file], insmodOptions)
	if err != nil {
		return err
	}
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		}
	}
	rest := args[file:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return said("missing filename.")
	}
	k, err := p.kernel()
	if err != nil {
		return err
	}
	l := kmod.Loader{Kernel: k, Report: p.Report, Now: p.Now}
	err = l.InsertFile(context.Background(), rest[0], rest[1:])
	var le *kernel.LoadError
	if !errors.As(err, &le) {
		return err
	}
	switch errno := kernel.ErrnoOf(le.Err); {
	case le.Errno != 0:
		p.complain(said("could not insert module %s: %s", rest[0], fileReason(le.Errno)))
	case le.Op == "open" && errno != 0:
		p.complain(said("could not load module %s: %s", rest[0], strerror(errno)))
	default:
		p.complain(said("could not load module %s: %v", rest[0], le.Err))
	}
	p.sayLog(le.Log)
	return errSilent
}
