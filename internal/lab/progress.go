package lab

// Step is how far a long piece of work has come.
type Step struct {
	Name  string // "download", "unpack", "depmod", "disk", "initramfs", "install", "update"
	Done  int64  // of Total, same unit
	Total int64  // 0 while not known
	Text  string // what is worked on, for a person; the same for all of a step
}

// Progress hears of every step of a long piece of work. It is called from one
// goroutine at a time and must return quickly. A nil Progress hears nothing.
type Progress func(Step)

func (p Progress) step(name string, done, total int64, text string) {
	if p != nil {
		p(Step{Name: name, Done: done, Total: total, Text: text})
	}
}
