package sim

// requestModules are modules whose init itself requests a module and waits for
// it: itself, or one that needs it. The kernel has modules that do
// (drivers/md/md.c, sound/core), and its waits can close a circle.
func requestModules() []Installed {
	asks := func(name, requests string) Installed {
		m := mod("test", name, 8, nil)
		m.Spec.Body.Requests = []string{requests}
		return m
	}
	return []Installed{asks("reqself", "reqself"), asks("reqbase", "requser"), mod("test", "requser", 8, []string{"reqbase"})}
}
