package alias

import "strings"

// dmiFields are the parts of a machine's description by their marks
// (scripts/mod/file2alias.c and drivers/firmware/dmi-id.c).
var dmiFields = [...]struct{ mark, name string }{
	{"bvn", "BIOS vendor"}, {"bvr", "BIOS version"}, {"bd", "BIOS date"}, {"br", "BIOS release"}, {"efr", "controller firmware"},
	{"svn", "system vendor"}, {"pn", "product"}, {"pvr", "product version"}, {"sku", "product SKU"},
	{"rvn", "board vendor"}, {"rn", "board"}, {"rvr", "board version"},
	{"cvn", "chassis vendor"}, {"ct", "chassis type"}, {"cvr", "chassis version"},
}

// splitDMI takes the description of a machine apart: parts with a mark before
// each, and colons between. What has no mark that is known keeps its text as
// it is. Parts stand in the order of the text.
func splitDMI(value string) []Field {
	var fields []Field
	for part := range strings.SplitSeq(value, ":") {
		if part == "" {
			continue
		}
		field := Field{Name: "part", Value: part}
		for _, f := range dmiFields {
			if rest, ok := strings.CutPrefix(part, f.mark); ok {
				field = Field{Name: f.name, Value: rest}
				break
			}
		}
		field.Text = valueText(field.Name, field.Value)
		fields = append(fields, field)
	}
	return fields
}
