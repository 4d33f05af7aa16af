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
	as    string // what the applet knows it by, where that is not its long name
	own   bool   // kmod has none such
}

// id is what the applet knows the flag by: its long name, else the short one.
func (o option) id() string {
	if o.as != "" {
		return o.as
	}
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

// options takes the options from args. Where POSIXLY_CORRECT is in the
// environment, they end at the first other word, as for all programs of the GNU
// C library.
func (p *program) options(args []string, options []option) (flags []flag, rest []string, err error) {
	_, strict := p.env("POSIXLY_CORRECT")
	return getopt(args, options, strict)
}

// getopt takes the options from args by the rules of getopt_long(3): options
// and other words may mix until "--", unless strict, short ones may be joined,
// long ones may be shortened as far as they stay clear. Beside an error are the flags that came
// before it: a tool acts on --version before it reads what follows.
func getopt(args []string, options []option, strict bool) (flags []flag, rest []string, err error) {
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
				return flags, nil, usageError{strings.ReplaceAll(err.Error(), "'--"+name+"'", "'"+a+"'")}
			}
			switch {
			case o.arg && !given:
				if value, err = next("option '--" + o.long + "' requires an argument"); err != nil {
					return flags, nil, err
				}
			case given && !o.arg:
				return flags, nil, usageError{"option '--" + o.long + "' doesn't allow an argument"}
			}
			flags = append(flags, flag{o.id(), value})
		case len(a) > 1 && a[0] == '-':
			for j := 1; j < len(a); j++ {
				o, err := shortOption(a[j], options)
				if err != nil {
					return flags, nil, err
				}
				f := flag{id: o.id()}
				if o.arg {
					if f.value = a[j+1:]; f.value == "" {
						if f.value, err = next("option requires an argument -- '" + string(o.short) + "'"); err != nil {
							return flags, nil, err
						}
					}
					j = len(a)
				}
				flags = append(flags, f)
			}
		case strict:
			return flags, args[i:], nil
		default:
			rest = append(rest, a)
		}
	}
	return flags, rest, nil
}

func shortOption(c byte, options []option) (option, error) {
	for _, o := range options {
		if o.short == c {
			return o, nil
		}
	}
	return option{}, usageError{fmt.Sprintf("invalid option -- '%s'", []byte{c})}
}

func longOption(name string, options []option) (option, error) {
	var near []option
	same := true // all of them mean one thing
	for _, o := range options {
		if o.long == name && name != "" {
			return o, nil
		}
		if o.long != "" && strings.HasPrefix(o.long, name) && !(o.own && len(near) > 0) {
			near = append(near, o)
			same = same && o.id() == near[0].id()
		}
	}
	switch {
	case len(near) == 0:
		return option{}, usageError{"unrecognized option '--" + name + "'"}
	case same:
		return near[0], nil
	}
	text := "option '--" + name + "' is ambiguous; possibilities:"
	for _, o := range near {
		text += " '--" + o.long + "'"
	}
	return option{}, usageError{text}
}
