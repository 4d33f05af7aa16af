package sim

// asyncModules are modules whose init leaves work to an async worker
// (kernel/async.c), which itself requests a module: what kernels warn of since
// commit 0fdff3ec6d87. The module that asyncself requests has such work too.
func asyncModules() []Installed {
	work := func(name, requests string) Installed {
		m := mod("test", name, 8, nil)
		m.Spec.Body.Async = &AsyncWork{Requests: []string{requests}}
		return m
	}
	return []Installed{work("asyncreq", "crc16"), work("asyncself", "asyncreq")}
}
