package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buildKassa builds the real program, as make build does.
func buildKassa(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "kassa")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// process is a running demo.
type process struct {
	cmd    *exec.Cmd
	base   string
	client *http.Client // follows no redirect
	gone   chan struct{}
	err    error // of Wait, once gone is closed
}

// startDemo runs `kassa demo` on a free port and returns when it says where it listens. What it logs is
// added to the file log.
func startDemo(bin, database, log string) (*process, error) {
	errs, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = errs.Close() }()
	cmd := exec.Command(bin, "demo", "--listen", "127.0.0.1:0", "--database", database, "--json")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(database)}
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var said struct {
		Listen string `json:"listen"`
	}
	p := &process{cmd: cmd, gone: make(chan struct{}), client: &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	decoded := json.NewDecoder(out).Decode(&said)
	go func() { p.err = cmd.Wait(); close(p.gone) }()
	if decoded != nil {
		p.kill()
		b, _ := os.ReadFile(log)
		return nil, fmt.Errorf("the demo did not start: %w\n%s", decoded, b)
	}
	p.base = "http://" + said.Listen
	return p, nil
}

// kill is kill -9. It returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.gone
	p.client.CloseIdleConnections()
}

// stop asks the process to end, and kills it if it does not.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(os.Interrupt)
	p.client.CloseIdleConnections()
	select {
	case <-p.gone:
		return p.err
	case <-time.After(15 * time.Second):
		p.kill()
		return errors.New("it did not stop within 15 s")
	}
}

// answer is what came back.
type answer struct {
	status   int
	body     string
	location string
	replayed bool
}

// api calls KaiPay's API with the demo's key.
func (p *process) api(method, path, key, body string) (answer, error) {
	h := http.Header{"Authorization": {"Bearer " + demoKey}, "Content-Type": {"application/json"}}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	return p.do(method, "/kaipay/v1/client-session"+path, h, body)
}

// browse gets a page, or posts a form as a shopper's browser would.
func (p *process) browse(method, path, form string) (answer, error) {
	h := http.Header{}
	if form != "" {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		h.Set("Origin", p.base)
	}
	return p.do(method, path, h, form)
}

func (p *process) do(method, path string, h http.Header, body string) (answer, error) {
	req, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = h
	res, err := p.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, body: string(b), location: res.Header.Get("Location"), replayed: res.Header.Get("Idempotent-Replayed") == "true"}, err
}
