package kmod

import "errors"

// WithText returns the configuration that has a further file of that name with
// that content, sorted in by its name. Unlike a file that is read from a
// directory it may hold nothing that is no entry: the error says which line.
func (c *Config) WithText(name, text string) (*Config, error) {
	f := configFile{base: name, path: name}
	f.parse([]byte(text))
	if f.bad > 0 {
		return nil, errors.New(f.badLines()[0].String())
	}
	return c.with(f), nil
}
