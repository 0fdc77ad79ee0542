package main

import (
	"context"
	"fmt"
	"strings"
)

// What a finding means. doctor's exit code is that of its worst one.
const (
	fine    = "ok"
	warning = "warning" // exit code 1: it works, and somebody should look
	problem = "problem" // exit code 2: money cannot be taken, or is in danger
)

// finding is one thing that was looked at.
type finding struct {
	Level string `json:"level"`
	About string `json:"about"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// findings is a doctor's whole report.
type findings []finding

func (f *findings) ok(about, format string, args ...any) {
	*f = append(*f, finding{fine, about, fmt.Sprintf(format, args...), ""})
}

func (f *findings) warn(about, do, format string, args ...any) {
	*f = append(*f, finding{warning, about, fmt.Sprintf(format, args...), do})
}

func (f *findings) bad(about, do, format string, args ...any) {
	*f = append(*f, finding{problem, about, fmt.Sprintf(format, args...), do})
}

func (f findings) worst() (level string, code exitCode) {
	level = fine
	for _, one := range f {
		switch {
		case one.Level == problem:
			return problem, 2
		case one.Level == warning:
			level, code = warning, 1
		}
	}
	return level, code
}

// exitCode is how a command ends that has said all it has to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

type doctorCommand struct {
	databaseFlags
	serverFlags
}

// Run looks at everything that a server depends on, and says what to do. It changes no data.
func (c *doctorCommand) Run(ctx context.Context, io streams) error {
	var f findings
	box := c.look(&f)
	if c.examine(ctx, &f) {
		c.examineWork(ctx, &f)
		c.examineChannels(ctx, &f, box)
	}
	level, code := f.worst()
	var lines []string
	for _, one := range f {
		lines = append(lines, fmt.Sprintf("%-8s %-10s %s", one.Level, one.About, one.Says))
		if one.Do != "" {
			lines = append(lines, strings.Repeat(" ", 20)+"-> "+one.Do)
		}
	}
	if err := io.print(c.JSON, map[string]any{"worst": level, "findings": f}, lines...); err != nil || code == 0 {
		return err
	}
	return code
}
