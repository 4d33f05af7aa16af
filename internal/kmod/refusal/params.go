package refusal

import (
	"fmt"

	"example.org/kmodsh/internal/kmod"
)

// checkParams holds the parameters of a load against those the module has.
func checkParams(m *kmod.ModuleFacts, params string) []Finding {
	trouble, n := m.Params().Check(params)
	var out []Finding
	for _, t := range trouble {
		f := Finding{What: WhatParams, State: Refused, Errno: t.Errno, Text: t.Param + ": " + t.Text, Mend: t.Mend}
		if t.Errno == "" {
			f.State = Warned
		}
		out = append(out, f)
	}
	if len(out) == 0 && n > 0 {
		out = append(out, Finding{What: WhatParams, State: Fits, Text: fmt.Sprintf("%d, of the types the module has", n)})
	}
	return out
}
