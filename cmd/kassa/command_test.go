package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommands plays the stories in testdata: what an operator types, with the real program. Beside
// testscript's own, the stories have these commands:
//
//	exits CODE PROGRAM ARGS...           run, and want this exit code
//	port NAME                            a free port on loopback
//	listens NAME                         wait until something answers /healthz there
//	call STATUS [-within T] METHOD URL [-key K] [-body JSON]   an HTTP call; its answer is stdout
//	capture NAME [FIELD]                 stdout, or a field of it when it is JSON, as a variable
//	terminate                            SIGTERM to everything in the background
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	bin := filepath.Dir(buildKassa(t))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "port": port, "listens": listens, "call": call, "capture": capture, "terminate": terminate,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port NAME")
	}
	for range 100 {
		// Below the ports that systems give to connections that go out: nobody takes it meanwhile.
		number := strconv.Itoa(20000 + rand.IntN(10000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+number); err == nil {
			ts.Check(l.Close())
			ts.Setenv(args[0], number)
			return
		}
	}
	ts.Fatalf("no free port")
}

func listens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listens NAME")
	}
	url := "http://127.0.0.1:" + ts.Getenv(args[0]) + "/healthz"
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url)
		if err == nil {
			_ = res.Body.Close()
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("nothing answers: %v", err)
		}
	}
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	var within time.Duration
	var key, body string
	var plain []string
	for i := 0; i < len(args); i++ {
		var err error
		switch {
		case args[i] == "-within" && i+1 < len(args):
			i++
			within, err = time.ParseDuration(args[i])
			ts.Check(err)
		case args[i] == "-key" && i+1 < len(args):
			i++
			key = args[i]
		case args[i] == "-body" && i+1 < len(args):
			i++
			body = ts.ReadFile(args[i])
		default:
			plain = append(plain, args[i])
		}
	}
	if neg || len(plain) != 3 {
		ts.Fatalf("usage: call STATUS [-within T] METHOD URL [-key K] [-body FILE]")
	}
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		req, err := http.NewRequest(plain[1], plain[2], strings.NewReader(body))
		ts.Check(err)
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		ts.Check(err)
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		ts.Check(err)
		if strconv.Itoa(res.StatusCode) == plain[0] {
			_, err := fmt.Fprintf(ts.Stdout(), "%s\n", b)
			ts.Check(err)
			return
		}
		if !time.Now().Before(end) {
			ts.Fatalf("%s %s: status %d, want %s: %s", plain[1], plain[2], res.StatusCode, plain[0], b)
		}
	}
}

func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: capture NAME [FIELD]")
	}
	value := strings.TrimSpace(ts.ReadFile("stdout"))
	if len(args) == 2 {
		var fields map[string]any
		ts.Check(json.Unmarshal([]byte(value), &fields))
		text, ok := fields[args[1]].(string)
		if !ok {
			ts.Fatalf("there is no text %q in %s", args[1], value)
		}
		value = text
	}
	ts.Setenv(args[0], value)
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}

// TestStopFinishesWhatWasBegun: a request that is on its way in when the process is asked to stop gets
// its answer, nobody new gets in, and the process ends well.
func TestStopFinishesWhatWasBegun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	dir := t.TempDir()
	p, err := startDemo(buildKassa(t), filepath.Join(dir, "kassa.db"), filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	body := `{"amount":21000,"currency":"MXN","customer":{"name":"Ana","email":"ana@example.com"},"order":{"country":"MX"}}`
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /kaipay/v1/client-session HTTP/1.1\r\nHost: kassa\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		demoKey, len(body), body[:20])
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // its head is read
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond) // longer than open event streams are given
	if _, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://")); err == nil {
		t.Error("it takes new connections although it was told to stop")
	}
	select {
	case <-p.gone:
		t.Fatal("it left a request without an answer")
	default:
	}
	if _, err := io.WriteString(conn, body[20:]); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Errorf("the request that was under way got %d %s", res.StatusCode, b)
	}
	select {
	case <-p.gone:
	case <-time.After(12 * time.Second):
		t.Fatal("it did not end")
	}
	if p.err != nil {
		t.Errorf("it ended with %v", p.err)
	}
}
