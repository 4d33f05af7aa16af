// Package alias is a typed catalogue of the names by which a kernel asks for
// modules: which forms there are, what each field of them means, which code
// asks for it, how user space makes it ask, and with what rights. The facts are
// those of Linux 6.12, each row with the file it is from.
//
// It must not know module trees, kernels or targets: it explains text.
package alias

import "strings"

// Family is one form of request string.
type Family struct {
	// Format is the form: literal text with fields {name:kind} in it.
	Format string
	// What says what such a name asks for, in a few words.
	What string
	// Asks is the kernel's file that composes the name; for the aliases of
	// device tables, the one that puts it into a uevent.
	Asks string
	// Trigger is what user space or hardware does to make it ask.
	Trigger string
	// Needs is the privilege the request itself wants; "" for none beyond the
	// operation's own.
	Needs string
	// Note is what else there is to know.
	Note string

	// split takes the family's only field further apart, where its text is a
	// list.
	split  func(value string) []Field
	tokens []token
}

// Field is one field of an alias.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`          // as it stands in the alias; * for any
	Text  string `json:"text,omitempty"` // what the value means, where that is known
}

// Meaning is what an alias means.
type Meaning struct {
	Alias   string  `json:"alias"`
	Format  string  `json:"form"` // with the fields in braces
	What    string  `json:"what"`
	Fields  []Field `json:"fields,omitempty"`
	Asks    string  `json:"asks,omitempty"`
	Trigger string  `json:"trigger,omitempty"`
	Needs   string  `json:"needs,omitempty"`
	Note    string  `json:"note,omitempty"`
	// Name says that the alias has no form of its own: it is another name of
	// its module, or one that code asks for as it is.
	Name bool `json:"plain_name,omitempty"`
}

// Catalogue is the list of families, ready to explain. It does not change and
// may be used from any goroutine.
type Catalogue struct {
	families []Family
	byFirst  map[byte][]int // families by the first byte of their format
	open     []int          // those whose format starts with a field
}

// New returns the catalogue.
func New() *Catalogue {
	c := &Catalogue{byFirst: map[byte][]int{}}
	for _, table := range [...][]Family{
		fileFamilies(), socketFamilies(), rpcFamilies(), networkFamilies(), filterFamilies(), cryptoFamilies(), soundFamilies(), otherFamilies(), busFamilies(), boardFamilies(),
	} {
		c.families = append(c.families, table...)
	}
	for i := range c.families {
		f := &c.families[i]
		f.tokens = parseFormat(f.Format)
		if f.tokens[0].field != "" {
			c.open = append(c.open, i)
			continue
		}
		first := fold(f.Format[0])
		c.byFirst[first] = append(c.byFirst[first], i)
	}
	return c
}

// Families returns all families in the order of the catalogue.
func (c *Catalogue) Families() []Family { return append([]Family(nil), c.families...) }

// maxAlias bounds what is explained, in bytes.
const maxAlias = 4096

// Explain says what an alias, or a pattern of aliases, means. It reports false
// for what has no known form and is no plain name either.
func (c *Catalogue) Explain(name string) (Meaning, bool) {
	if name == "" || len(name) > maxAlias {
		return Meaning{}, false
	}
	for _, list := range [...][]int{c.byFirst[fold(name[0])], c.open} {
		for _, i := range list {
			if m, ok := c.families[i].explain(name); ok {
				return m, true
			}
		}
	}
	if !plainName(name) {
		return Meaning{}, false
	}
	return Meaning{
		Alias: name, Format: "{name}", Name: true,
		What:    "a plain name",
		Asks:    "code that asks for a module by name (request_module with a fixed name or %s)",
		Trigger: "modprobe NAME; whoever knows an old or second name of the module",
		Note:    "no form is composed here: it is another name of its module, such as one from before a renaming, or the bare twin of a crypto- or tcp-ulp- alias",
	}, true
}

// explain fits a name to the family's format.
func (f *Family) explain(name string) (Meaning, bool) {
	values, ok := match(f.tokens, name)
	if !ok {
		return Meaning{}, false
	}
	m := Meaning{Alias: name, Format: form(f.tokens), What: f.What, Asks: f.Asks, Trigger: f.Trigger, Needs: f.Needs, Note: f.Note}
	n := 0
	for _, t := range f.tokens {
		if t.field == "" {
			continue
		}
		v := values[n]
		n++
		if f.split != nil {
			m.Fields = append(m.Fields, f.split(v)...)
			continue
		}
		if v != "" || t.kind == kindText {
			m.Fields = append(m.Fields, Field{Name: t.field, Value: v, Text: valueText(t.field, v)})
		}
	}
	return m, true
}

// form is a format as people read it, without the kinds of fields.
func form(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		if t.field == "" {
			b.WriteString(t.literal)
			continue
		}
		b.WriteString("{" + t.field + "}")
	}
	return b.String()
}

// plainName says whether an alias could be the name of a module.
func plainName(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.()/,") == ""
}
