package sim

// sawExporter notes a look for who exports a symbol.
func (w *World) sawExporter(sym string, m *Module) {
	if w.current == nil {
		return
	}
	r := w.resource(ofSymbol, sym, 0)
	w.saw(r, w.values[r])
	if m != nil {
		w.sawName(m.Name, m)
	}
}

// setExporter makes m the module that exports sym, nil: nobody does.
func (w *World) setExporter(sym string, m *Module) {
	if m == nil {
		delete(w.symbols, sym)
		w.setNamed(w.resource(ofSymbol, sym, 0), 0)
		return
	}
	w.symbols[sym] = m
	w.setNamed(w.resource(ofSymbol, sym, 0), hashString(m.Name))
}

// provider returns the module that has registered a functionality.
func (w *World) provider(what string) *Module {
	if w.current != nil {
		r := w.resource(ofProvided, what, 0)
		w.saw(r, w.values[r])
	}
	return w.provided[what]
}

// setProvider makes m the one that has registered it, nil: nobody has.
func (w *World) setProvider(what string, m *Module) {
	r := w.resource(ofProvided, what, 0)
	if m == nil {
		delete(w.provided, what)
		w.setNamed(r, 0)
		return
	}
	w.provided[what] = m
	w.setNamed(r, hashString(m.Name))
}
