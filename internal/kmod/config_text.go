package kmod

import "errors"

// WithText returns the configuration that has a further file of that name with
// that content, sorted in by its name. Unlike a file that is read from a
// directory it may hold nothing that is no entry: the error says which line.
func (c *Config) WithText(name, text string) (*Config, error) {
	lines, bad := parseConfig([]byte(text), name)
	if len(bad) > 0 {
		return nil, errors.New(bad[0].String())
	}
	return c.with(configFile{base: name, path: name, lines: lines}), nil
}
