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
		Add       merchantAddCommand       `cmd:"" help:"Add a merchant."`
		List      merchantListCommand      `cmd:"" help:"List the merchants."`
		ReturnKey merchantReturnKeyCommand `cmd:"" help:"Sign the way home of a merchant's shoppers, and show the key that verifies it."`
	} `cmd:"" help:"Merchants."`
	Key struct {
		Add    keyAddCommand    `cmd:"" help:"Make an API key. Its secret is shown once."`
		Revoke keyRevokeCommand `cmd:"" help:"Revoke an API key."`
	} `cmd:"" help:"API keys."`
	Channel struct {
		Add channelAddCommand `cmd:"" help:"Add a merchant's account with a payment provider."`
	} `cmd:"" help:"Channels."`
	Backup   backupCommand  `cmd:"" help:"Copy the database to a file while a server runs, and check the copy."`
	Restore  restoreCommand `cmd:"" help:"Put a backup in the place of the database."`
	Doctor   doctorCommand  `cmd:"" help:"Look at everything that a server depends on, and say what to do. Exit code 0: all is well; 1: warnings; 2: problems."`
	Endpoint struct {
		Add     endpointAddCommand     `cmd:"" help:"Add a URL that a merchant's events are sent to. Its secret is shown."`
		List    endpointListCommand    `cmd:"" help:"List endpoints."`
		Disable endpointDisableCommand `cmd:"" help:"Send nothing more to an endpoint; what waits is kept."`
		Enable  endpointEnableCommand  `cmd:"" help:"Send to an endpoint again, first what waited."`
		Rotate  endpointRotateCommand  `cmd:"" help:"Give an endpoint a new secret; the former one signs beside it for a day."`
	} `cmd:"" help:"Where merchants listen."`
	Delivery struct {
		List   deliveryListCommand   `cmd:"" help:"List a merchant's deliveries, newest first."`
		Show   deliveryShowCommand   `cmd:"" help:"Show a delivery, its body and what was tried."`
		Replay deliveryReplayCommand `cmd:"" help:"Send again: one delivery, or all that were made in a time."`
	} `cmd:"" help:"Events on their way to merchants."`
	Listen    listenCommand    `cmd:"" help:"Bring a merchant's deliveries from a server to a URL on this machine."`
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
		var said exitCode
		if errors.As(err, &said) {
			return int(said)
		}
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
