package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"

	"kassa/internal/checkout"
	"kassa/internal/seal"
)

// databaseFlags are what every command needs.
type databaseFlags struct {
	Database string `help:"The database: a path." env:"KASSA_DATABASE" default:"kassa.db" placeholder:"FILE"`
	JSON     bool   `help:"Print JSON." name:"json"`

	SecretKey     string `help:"Key that seals the channels' secrets: 32 bytes in hex or base64." env:"KASSA_SECRET_KEY" placeholder:"KEY"`
	SecretKeyFile string `help:"File that holds the secret key." env:"KASSA_SECRET_KEY_FILE" placeholder:"FILE"`
}

// serverFlags are what a server needs besides.
type serverFlags struct {
	Listen    string `help:"Address to listen on." env:"KASSA_LISTEN" default:"127.0.0.1:8080"`
	PublicURL string `help:"The URL that shoppers and providers reach the server at. Default: http:// and the listen address." env:"KASSA_PUBLIC_URL" placeholder:"URL"`
	LogLevel  string `help:"debug, info, warn or error." env:"KASSA_LOG_LEVEL" default:"info" enum:"debug,info,warn,error"`
}

// problems are all that is wrong with the settings, reported at once.
type problems []string

func (p problems) Error() string {
	return "the settings cannot be used:\n  - " + strings.Join(p, "\n  - ")
}

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// check completes the flags and finds what is wrong with them.
func (f *serverFlags) check(p *problems) {
	if _, _, err := net.SplitHostPort(f.Listen); err != nil {
		p.add("--listen (KASSA_LISTEN) %q is not host:port", f.Listen)
	}
	if f.PublicURL == "" {
		f.PublicURL = "http://" + f.Listen
	}
	u, err := url.Parse(f.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.add("--public-url (KASSA_PUBLIC_URL) %q is not an absolute http or https URL without query", f.PublicURL)
	}
}

// secretText gives the secret key as it was configured, or an empty text.
func (f *databaseFlags) secretText() (string, error) {
	if f.SecretKeyFile == "" {
		return f.SecretKey, nil
	}
	if f.SecretKey != "" {
		return "", errors.New("KASSA_SECRET_KEY and KASSA_SECRET_KEY_FILE are both set; one is enough")
	}
	b, err := os.ReadFile(f.SecretKeyFile)
	if err != nil {
		return "", fmt.Errorf("--secret-key-file (KASSA_SECRET_KEY_FILE): %w", err)
	}
	return string(b), nil
}

// secret gives the sealing key. None is right for commands that touch no channel.
func (f *databaseFlags) secret(required bool, p *problems) *seal.Box {
	text, err := f.secretText()
	if err != nil {
		p.add("%v", err)
		return nil
	}
	if strings.TrimSpace(text) == "" {
		if required {
			p.add("a secret key is needed: set KASSA_SECRET_KEY or KASSA_SECRET_KEY_FILE (kassa secret-key prints a new one)")
		}
		return nil
	}
	key, err := seal.ParseKey(text)
	if err == nil {
		var box *seal.Box
		if box, err = seal.New(key); err == nil {
			return box
		}
	}
	p.add("the secret key (KASSA_SECRET_KEY): %v", err)
	return nil
}

func (f *databaseFlags) checkDatabase(p *problems) {
	if strings.HasPrefix(f.Database, "postgres://") || strings.HasPrefix(f.Database, "postgresql://") {
		p.add("--database (KASSA_DATABASE): this build keeps its data in SQLite only; give a path")
	}
}

// logger writes JSON lines to the error stream. What it is given never holds a secret: those are
// checkout.Secret, which prints as ***.
func (f *serverFlags) logger(io streams) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.LogLevel)) // the enum holds only good ones
	return slog.New(slog.NewJSONHandler(io.err, &slog.HandlerOptions{Level: level}))
}

// secretKeyCommand prints a key.
type secretKeyCommand struct{}

func (secretKeyCommand) Run(_ context.Context, io streams) error {
	return io.print(false, nil, seal.FormatKey(seal.NewKey()))
}

// parseID reads an id that an operator typed.
func parseID(prefix, flag, s string) (checkout.ID, error) {
	id, ok := checkout.ParseID(prefix, s)
	if !ok {
		return "", checkout.Invalid(flag, "%q is not an id of ours (%s_ and 36 characters)", s, prefix)
	}
	return id, nil
}
