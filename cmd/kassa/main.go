package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"kassa/internal/checkout"
)

// commands is every command with its flags.
type commands struct {
	Demo     demoCommand    `cmd:"" help:"Run everything at once with nothing configured: two merchants, a sandbox provider, fixed keys. Loopback only."`
	Serve    serveCommand   `cmd:"" help:"Run the server."`
	Migrate  migrateCommand `cmd:"" help:"Bring the database to this version's schema."`
	Merchant struct {
		Add  merchantAddCommand  `cmd:"" help:"Add a merchant."`
		List merchantListCommand `cmd:"" help:"List the merchants."`
	} `cmd:"" help:"Merchants."`
	Key struct {
		Add    keyAddCommand    `cmd:"" help:"Make an API key. Its secret is shown once."`
		Revoke keyRevokeCommand `cmd:"" help:"Revoke an API key."`
	} `cmd:"" help:"API keys."`
	Channel struct {
		Add channelAddCommand `cmd:"" help:"Add a merchant's account with a payment provider."`
	} `cmd:"" help:"Channels."`
	SecretKey secretKeyCommand `cmd:"" help:"Print a new key for KASSA_SECRET_KEY."`
}

// streams is where a command reads and writes.
type streams struct {
	out io.Writer
	err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// run is the program: it gives the exit code, 0 when all is well, 2 when the command line or the
// settings are wrong, 1 for everything else.
func run(ctx context.Context, args []string, io streams) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("kassa"), kong.Description("A self-hosted hosted checkout."), kong.UsageOnError(),
		kong.Writers(io.out, io.err), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(io))
	if err != nil {
		say(io.err, "kassa: %v", err)
		return 1
	}
	k, err := parser.Parse(args)
	if err != nil {
		say(io.err, "kassa: %v", err)
		return 2
	}
	if err := k.Run(); err != nil {
		say(io.err, "kassa: %s", explain(err))
		var p problems
		if errors.As(err, &p) || checkout.CodeOf(err) == checkout.CodeInvalid {
			return 2
		}
		return 1
	}
	return 0
}

// explain words an error for the operator, who may read all of it.
func explain(err error) string {
	var e *checkout.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	s := e.Safe
	if s == "" {
		s = string(e.Code)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// print writes what a command made, as lines for people or as one JSON object.
func (s streams) print(asJSON bool, v any, lines ...string) error {
	if asJSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	_, err := fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	return err
}
