package ops

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func requestVerb() *Verb {
	return &Verb{
		Name: "request", Aliases: []string{"req"}, Group: groupModules,
		Short:    "make the kernel itself ask for a module by request_module()",
		Usage:    "NAME",
		Needs:    []kernel.Op{kernel.OpRequest},
		New:      func() Command { return new(requestCommand) },
		Examples: []string{"request fs-xfs", "request net-pf-38", "request char-major-10-237"},
	}
}

type requestCommand struct {
	Name string `arg:"" help:"Alias the kernel asks for, or a module name."`
}

func (c *requestCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	s.meet(c.Name)
	res, err := s.Target().Request(ctx, c.Name)
	if res.Name == "" {
		res.Name = c.Name
	}
	res.Asked, res.Helpers, res.Modules = full(res.Asked), full(res.Helpers), full(res.Modules)
	return &RequestResult{res}, err
}

func (c *requestCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return nil
	}
	return append(match(word, requestForms()), s.completeModules(word)...)
}

// requestForms are beginnings of the aliases kernels ask for by themselves.
func requestForms() []Candidate {
	return []Candidate{
		{Text: "fs-", Note: "a file system, as mount asks"},
		{Text: "net-pf-", Note: "a protocol family, as socket asks"},
		{Text: "netdev-", Note: "a network device, as an interface request asks"},
		{Text: "char-major-", Note: "a character device, as open asks"},
		{Text: "block-major-", Note: "a block device, as open asks"},
		{Text: "crypto-", Note: "an algorithm, as AF_ALG bind asks"},
	}
}

// RequestResult is what became of a request.
type RequestResult struct {
	kernel.RequestResult
}

// WriteText tells the request in the order it happened.
func (r *RequestResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if r.Trigger != "" {
		answer := r.Errno
		if answer == "" {
			answer = "success"
		}
		t.wrap("trigger  ", 9, r.Trigger+": "+answer)
	}
	if len(r.Asked) > 0 {
		t.wrap("asked    ", 9, strings.Join(r.Asked, ", "))
	} else if r.Trigger != "" {
		t.wrap("asked    ", 9, "nothing: the kernel saw no need to")
	}
	for _, h := range r.Helpers {
		exit := "exit " + fmt.Sprint(h.Exit)
		if h.Exit < 0 {
			exit = "exit unknown"
		}
		t.wrap("helper   ", 9, fmt.Sprintf("%s, process %d, %s", strings.Join(h.Args, " "), h.PID, exit))
	}
	if r.Verdict != "" {
		t.wrap("verdict  ", 9, verdictWords(r.Name, r.Verdict, r.Modules, r.State)+", "+took(r.Took))
	}
	return t.err
}
