package applet

import (
	"fmt"
	"strings"
)

// option is one flag of an applet.
type option struct {
	short byte   // 0: none
	long  string // "": none
	arg   bool   // takes an argument
	// absent: kmod's tool has it and this one does not.
	absent bool
}

// id is what the applet knows the flag by: its long name, else the short one.
func (o option) id() string {
	if o.long != "" {
		return o.long
	}
	return string(o.short)
}

// flag is an option that was given.
type flag struct{ id, value string }

// usageError says that the arguments were not understood.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// getopt takes the options from args by the rules of getopt_long(3): options
// and other words may mix until "--", short ones may be joined, long ones may
// be shortened as far as they stay clear.
func getopt(args []string, options []option) (flags []flag, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		next := func(missing string) (string, error) {
			if i++; i >= len(args) {
				return "", usageError{missing}
			}
			return args[i], nil
		}
		switch {
		case a == "--":
			return flags, append(rest, args[i+1:]...), nil
		case strings.HasPrefix(a, "--"):
			name, value, given := strings.Cut(a[2:], "=")
			o, err := longOption(name, options)
			if err != nil {
				return nil, nil, err
			}
			switch {
			case o.arg && !given:
				if value, err = next("option '--" + o.long + "' requires an argument"); err != nil {
					return nil, nil, err
				}
			case given && !o.arg:
				return nil, nil, usageError{"option '--" + o.long + "' doesn't allow an argument"}
			}
			flags = append(flags, flag{o.id(), value})
		case len(a) > 1 && a[0] == '-':
			for j := 1; j < len(a); j++ {
				o, err := shortOption(a[j], options)
				if err != nil {
					return nil, nil, err
				}
				f := flag{id: o.id()}
				if o.arg {
					if f.value = a[j+1:]; f.value == "" {
						if f.value, err = next("option requires an argument -- '" + string(o.short) + "'"); err != nil {
							return nil, nil, err
						}
					}
					j = len(a)
				}
				flags = append(flags, f)
			}
		default:
			rest = append(rest, a)
		}
	}
	return flags, rest, nil
}

func shortOption(c byte, options []option) (option, error) {
	for _, o := range options {
		if o.short == c {
			return present(o, "-"+string(c))
		}
	}
	return option{}, usageError{fmt.Sprintf("invalid option -- '%c'", c)}
}

func longOption(name string, options []option) (option, error) {
	var near []option
	for _, o := range options {
		if o.long == name && name != "" {
			return present(o, "--"+o.long)
		}
		if o.long != "" && strings.HasPrefix(o.long, name) {
			near = append(near, o)
		}
	}
	switch len(near) {
	case 0:
		return option{}, usageError{"unrecognized option '--" + name + "'"}
	case 1:
		return present(near[0], "--"+near[0].long)
	}
	return option{}, usageError{"option '--" + name + "' is ambiguous"}
}

// present refuses an option of kmod's tool that this one does not have.
func present(o option, given string) (option, error) {
	if o.absent {
		return o, usageError{"option '" + given + "' of kmod's tool is not supported here"}
	}
	return o, nil
}
