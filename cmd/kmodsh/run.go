package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/shell"
	"example.org/kmodsh/internal/terminal"
)

// program is one run of kmodsh.
type program struct {
	flags
	front   *shell.Front
	session *ops.Session
	// onScreen says that the full screen is up: nothing else may write.
	onScreen bool
	// guard puts the terminal back when the program dies, while a front uses it.
	guard *terminal.Guard
	// stepped says that machines are opened to step their threads.
	stepped bool
}

// run is the program after dispatch; args are the words after its name.
func run(args []string) int {
	p := &program{session: ops.New()}
	p.front = &shell.Front{Session: p.session, Out: os.Stdout, Err: os.Stderr}
	err := parse("kmodsh", &p.flags, args, "kmodsh --help shows the usage")
	p.setUp()
	if err != nil {
		return p.front.Fail(err)
	}
	ctx, stop := signalContext()
	defer stop()
	err = p.behind(p.main(ctx))
	if left := p.session.LessonLeft(); left != "" {
		fmt.Println(left)
	}
	if cerr := p.session.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("closing the target: %w", cerr)
	}
	var sig signalError
	if errors.As(context.Cause(ctx), &sig) {
		return 128 + int(sig.Signal.(syscall.Signal))
	}
	if errors.Is(err, shell.ErrInterrupted) {
		p.front.Fail(err)
		return 128 + int(syscall.SIGINT)
	}
	return p.front.Fail(err)
}

// setUp makes the front fit the flags and the terminal.
func (p *program) setUp() {
	p.front.JSON = p.JSON
	p.session.Yes = p.Yes
	p.session.Targets = p.targets
	p.session.OpenTarget, p.session.Missing = p.openTarget, p.missing
	if term.IsTerminal(int(os.Stdin.Fd())) && !p.JSON {
		p.session.LessonsFile = shell.LessonsFile(os.Getenv) // answers from a file begin at the beginning
	}
	p.front.OutStyle, p.front.ErrStyle = p.style(os.Stdout), p.style(os.Stderr)
	if term.IsTerminal(int(os.Stderr.Fd())) && !p.Plain && !p.JSON {
		p.front.Meter = shell.NewMeter(os.Stderr, func() int { return columns(os.Stderr) })
		p.session.Progress = p.front.Meter.Report
	}
}

// maxBudget bounds --budget, MiB: what no disk here has.
const maxBudget = 1 << 30

// main goes to the front that the words ask for.
func (p *program) main(ctx context.Context) error {
	switch {
	case p.Help:
		_, err := fmt.Print(usage)
		return err
	case p.Version:
		_, err := fmt.Println("kmodsh", version())
		return err
	case p.Modules != "" && p.Kernel == "":
		return &ops.UsageError{Verb: "kmodsh", Msg: "--modules goes with --kernel"}
	case p.Budget < 0 || p.Budget > maxBudget:
		return &ops.UsageError{Verb: "kmodsh", Msg: fmt.Sprintf("--budget is up to %d MiB", maxBudget)}
	case len(p.Words) == 0:
		return p.screen(ctx)
	case strings.HasPrefix(p.Words[0], "-"):
		return &ops.UsageError{Verb: "kmodsh", Msg: "unknown flag " + p.Words[0], Hint: "kmodsh --help shows the usage"}
	}
	if p.Record != "" && slices.Contains([]string{"run", "scenario", "lab", "tour", "completion", "man"}, p.Words[0]) {
		return p.notRecorded()
	}
	switch words := p.Words[1:]; p.Words[0] {
	case "shell":
		return p.shell(ctx, words)
	case "run":
		return p.runScenarios(ctx, words)
	case "scenario":
		return p.scenario(words)
	case "lab":
		return p.lab(ctx, words)
	case "tour":
		return p.tour(ctx, words)
	case "completion":
		return p.completion(words)
	case "man":
		return p.man(words)
	case "watch", "screen":
		if len(words) == 0 {
			return p.screen(ctx)
		}
	case "open":
		if len(words) == 1 && !p.JSON && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())) {
			p.On = recording.Prefix + words[0]
			return p.screen(ctx)
		}
	case "resolve":
		if p.Record == "" && offline(p.On != "" || p.Kernel != "" || p.Tree != "", words) {
			return p.resolve(ctx, words)
		}
	}
	return p.verb(ctx)
}

// verb runs one verb. Words that are wrong are an error before a machine is
// booted for them.
func (p *program) verb(ctx context.Context) error {
	v, err := ops.Lookup(p.Words[0])
	if err != nil {
		return err
	}
	if err := v.Check(p.Words[1:]); err != nil {
		return err
	}
	p.stepped = slices.Contains([]string{"explore", "replay", "conform"}, v.Name)
	if v.Name == "explore" || v.Name == "replay" || v.Name == "sweep" {
		p.onVerb()
	}
	wants := v.WantsTarget(p.Words[1:]) || v.Name == "source" && (p.On != "" || p.Kernel != "") // a script may name its own
	if p.Record != "" && !wants {
		return p.notRecorded()
	}
	if wants {
		if err := p.open(ctx); err != nil {
			return err
		}
	}
	return p.front.Run(ctx, p.Words)
}

// notRecorded is the error of --record with words that open no target, or each
// their own.
func (p *program) notRecorded() error {
	return &ops.UsageError{
		Verb: "kmodsh", Msg: "nothing is recorded of " + p.Words[0] + ": --record is for the screen, the shell, and a verb that acts on the target of --on",
		Hint: "in the shell and on the screen, record FILE begins at any moment",
	}
}

// onVerb gives the target that the flags name to a verb that opens its own, and
// takes the one it names itself for the flags'.
func (p *program) onVerb() {
	on := p.On
	if on == "" && p.Kernel != "" {
		on = p.target()
	}
	if on != "" && !slices.ContainsFunc(p.Words, func(w string) bool { return w == "--on" || strings.HasPrefix(w, "--on=") }) {
		p.Words = slices.Insert(slices.Clone(p.Words), 1, "--on="+on)
	}
}

// open opens the target of the flags; while it does Ctrl-C gives up.
func (p *program) open(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	end := p.front.Meter.Start("opening " + p.target())
	defer end()
	err := p.session.Open(ctx, p.target())
	if err == nil {
		err = p.setUpScenario(ctx)
	}
	if err == nil && p.Record != "" {
		_, err = p.session.Exec(ctx, []string{"record", p.Record})
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", shell.ErrInterrupted, err)
	}
	return err
}

// target is the name of the target that the flags ask for: the simulated
// kernel, unless a kernel of one's own is to be booted.
func (p *program) target() string {
	switch {
	case p.On == "" && p.Kernel != "":
		return "vm"
	case p.On == "" && p.Scenario != "":
		return scenarioTarget(p.Scenario)
	case p.On == "":
		return "sim"
	}
	return p.On
}

// released is the version of a released program, which cmd/release links in.
var released string

// version is what the build says of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if released != "" {
		v = released
	}
	if v == "" {
		v = "(devel)"
	}
	return v + " " + info.GoVersion
}

// shell runs a prompt or a script.
func (p *program) shell(ctx context.Context, args []string) error {
	var g struct {
		Echo bool
		File string `arg:"" optional:""`
	}
	if err := parse("shell", &g, args, "usage: kmodsh shell [--echo] [FILE]"); err != nil {
		return err
	}
	if g.File != "" {
		f, err := os.Open(g.File)
		if err != nil {
			return fmt.Errorf("script: %w", err)
		}
		defer f.Close()
		if err := p.open(ctx); err != nil {
			return err
		}
		return p.front.Script(ctx, f, filepath.ToSlash(g.File), g.Echo)
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		if err := p.open(ctx); err != nil {
			return err
		}
		return p.front.Script(ctx, os.Stdin, "stdin", g.Echo)
	}
	if err := p.open(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		p.front.Fail(err) // another target can be chosen at the prompt
	}
	if term.IsTerminal(int(os.Stdout.Fd())) && !p.JSON && !p.Plain && !dumb() {
		p.front.Watch = p.watchScreen
	}
	p.guard = terminal.Watch(os.Stdin)
	defer p.guard.End()
	return p.front.Interactive(ctx, shell.Prompt{
		In: os.Stdin, Out: os.Stdout, Plain: p.Plain || dumb(),
		History: shell.OpenHistory(shell.HistoryFile(os.Getenv)),
	})
}
