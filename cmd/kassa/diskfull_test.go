package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFullDisk holds F06 from outside: while the disk is full, whoever calls is told 503 and when to
// come again, and never that it worked when it did not; /readyz says so; and once there is room, the
// same process goes on within 5 s.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	bin, dir := buildKassa(t), t.TempDir()
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o size=8m none "$1" || exit 9; exec "$2" demo --listen 127.0.0.1:0 --database "$1/kassa.db" --json`,
		"sh", disk, bin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no file system of its own can be given to a process here (%v); the store's TestDiskInTrouble has other means", err)
	}
	p := &process{cmd: cmd, gone: make(chan struct{}), client: http.DefaultClient}
	var said struct{ Listen string }
	decoded := json.NewDecoder(out).Decode(&said)
	go func() { p.err = cmd.Wait(); close(p.gone) }()
	t.Cleanup(p.kill)
	if decoded != nil {
		<-p.gone
		t.Skipf("no small disk can be mounted here (%v); the store's TestDiskInTrouble has other means", p.err)
	}
	p.base = "http://" + said.Listen

	create := func() (status int, id, retry string) {
		t.Helper()
		body := fmt.Sprintf(`{"amount":21000,"currency":"MXN","customer":{"name":"Ana","email":"ana@example.com"},"order":{"country":"MX"},"metadata":{"note":%q}}`, strings.Repeat("x", 1500))
		req, err := http.NewRequest("POST", p.base+"/kaipay/v1/client-session", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+demoKey)
		req.Header.Set("Content-Type", "application/json")
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var made struct{ ID string }
		_ = json.NewDecoder(res.Body).Decode(&made)
		return res.StatusCode, made.ID, res.Header.Get("Retry-After")
	}
	var acked []string
	refusals := 0
	for round := range 3 {
		for range 10 {
			status, id, _ := create()
			if status != http.StatusCreated {
				t.Fatalf("round %d, with room: %d", round, status)
			}
			acked = append(acked, id)
		}
		filler := fmt.Sprintf("/proc/%d/root%s/filler", cmd.Process.Pid, disk)
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		for size := 1 << 16; size > 0; size /= 2 {
			for err = nil; err == nil; {
				_, err = f.Write(make([]byte, size))
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for refused := 0; refused < 5; {
			switch status, id, retry := create(); {
			case status == http.StatusCreated:
				acked = append(acked, id)
			case status == http.StatusServiceUnavailable && retry != "" && retry != "0":
				refused++
				refusals++
			default:
				t.Fatalf("round %d, the disk is full: %d, Retry-After %q", round, status, retry)
			}
			if len(acked) > 5000 {
				t.Fatal("the disk is not full")
			}
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			ready, err := p.browse("GET", "/readyz", "")
			status, id, _ := create()
			if status == http.StatusCreated {
				acked = append(acked, id)
			}
			if err == nil && ready.status == http.StatusOK && status == http.StatusCreated {
				break
			}
			if time.Since(began) > 5*time.Second {
				t.Fatalf("round %d: there is room again, and it answers %d %d", round, status, ready.status)
			}
		}
	}
	for _, id := range acked {
		if a, err := p.api("GET", "/"+id, "", ""); err != nil || a.status != http.StatusOK {
			t.Errorf("%s was acknowledged, and answers %d: %v", id, a.status, err)
		}
	}
	t.Logf("%d acknowledged, %d refused", len(acked), refusals)
	if err := p.stop(); err != nil {
		t.Errorf("it did not stop cleanly: %v", err)
	}
}
