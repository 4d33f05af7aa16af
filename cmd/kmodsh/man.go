package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/ops"
)

const manUsage = "usage: kmodsh man [-o DIR] [PAGE]"

// man prints a manual page in roff, or writes all of them into a directory.
func (p *program) man(args []string) error {
	var g struct {
		Output string `short:"o"`
		Page   string `arg:"" optional:""`
	}
	if err := parse("man", &g, args, manUsage); err != nil {
		return err
	}
	pages := append([]ops.ManPage{mainPage()}, ops.ManPages()...)
	if g.Output != "" {
		return writePages(g.Output, pages)
	}
	var names []string
	for _, page := range pages {
		name, _, _ := strings.Cut(page.Name, ".")
		if g.Page == name || g.Page == page.Name {
			_, err := fmt.Print(page.Text)
			return err
		}
		names = append(names, name)
	}
	if g.Page != "" {
		return &ops.UsageError{Verb: "man", Msg: fmt.Sprintf("there is no page %q: %s", g.Page, strings.Join(names, ", ")), Hint: manUsage}
	}
	_, err := fmt.Printf("%s\nread one: kmodsh man kmodsh | man -l -\n", strings.Join(names, "\n"))
	return err
}

// writePages writes pages where man(1) looks for them below a directory:
// man1/kmodsh.1.
func writePages(dir string, pages []ops.ManPage) error {
	for _, page := range pages {
		section := filepath.Join(dir, "man"+strings.TrimPrefix(filepath.Ext(page.Name), "."))
		if err := os.MkdirAll(section, 0o755); err != nil {
			return fmt.Errorf("manual pages: %w", err)
		}
		if err := os.WriteFile(filepath.Join(section, page.Name), []byte(page.Text), 0o644); err != nil {
			return fmt.Errorf("manual pages: %w", err)
		}
	}
	return nil
}

// mainPage is kmodsh(1): the usage, as the program prints it.
func mainPage() ops.ManPage {
	var b strings.Builder
	b.WriteString("# Synopsis\n\n    kmodsh [FLAGS] [VERB [ARGS...]]\n\n# Description\n\n")
	for i, l := range strings.Split(strings.TrimSpace(usage), "\n") {
		switch {
		case i == 0:
			b.WriteString("kmodsh drives a kernel's module loader: a simulated kernel, a real one in a throw-away machine, this machine's own, or a trace. It makes loads, requests and unloads happen, stops threads at every point, injects faults, goes back, searches every order of the threads, and shows every step.\n")
		case strings.HasPrefix(l, "  "):
			b.WriteString("  " + l + "\n")
		case l == "Flags:":
			b.WriteString("\n# Flags\n\n")
		case strings.HasPrefix(l, "Exit status:"):
			b.WriteString("\n# Exit status\n\n")
			for _, s := range ops.ExitStatuses() {
				b.WriteString("- `" + s[0] + "`: " + s[1] + "\n")
			}
		default:
			b.WriteString("\n" + l + "\n")
		}
	}
	b.WriteString("\n# Files\n\n- `~/.cache/kmodsh`: kernels, disk images and saved machines\n- `~/.local/state/kmodsh/history`: what was typed at the prompt\n")
	return ops.Man("kmodsh", "1", "a debugger for Linux kernel module loading", b.String())
}
