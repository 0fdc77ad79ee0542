package sqlite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// asChild runs one of the children. In a file system view of its own it is root there, whoever runs
// the tests; where the kernel does not give one, ok is false.
func asChild(t *testing.T, ownView bool, name string, args ...string) (out string, ok bool) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{childArg, name}, args...)...)
	if ownView {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Getuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
	}
	b, err := cmd.CombinedOutput()
	out = strings.TrimSpace(string(b))
	if ownView && (strings.Contains(out, cannotMount) || err != nil && cmd.ProcessState == nil) {
		return out, false
	}
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return out, true
}

// TestDiskInTrouble holds F06 and F07: on a full disk, and on one that takes no writes, callers are
// told to come again, nothing that was acknowledged is lost, Ping says no, and the same store goes on
// once the disk does. KASSA_DISK_ROUNDS sets the number of rounds of each.
func TestDiskInTrouble(t *testing.T) {
	rounds := strconv.Itoa(envInt(t, "KASSA_DISK_ROUNDS", 10))
	t.Run("full", func(t *testing.T) {
		out, ok := asChild(t, true, "disk", "full", t.TempDir(), rounds, "mount")
		if !ok {
			t.Logf("no small disk can be mounted here (%s); the kernel's limit on files stands in for it", out)
			out, _ = asChild(t, false, "disk", "refused", t.TempDir(), rounds, "-")
		}
		t.Log(out)
	})
	t.Run("no writes", func(t *testing.T) {
		out, _ := asChild(t, false, "disk", "refused", t.TempDir(), rounds, "-")
		t.Log(out)
	})
}

// TestStartWithoutRights: what cannot be written is not served, and the text says which file.
func TestStartWithoutRights(t *testing.T) {
	path := tempPath(t)
	furnished(t, path)
	out, ok := asChild(t, true, "start", filepath.Dir(path), "read-only")
	if !ok {
		t.Logf("nothing can be mounted here: %s", out)
	} else if !strings.HasPrefix(out, "refused:") || !strings.Contains(out, "kassa.db") {
		t.Errorf("a read-only disk: %s", out)
	}
	out, _ = asChild(t, false, "start", filepath.Join(filepath.Dir(path), "missing"), "no folder")
	if !strings.Contains(out, "cannot be made") {
		t.Errorf("a folder that is not there: %s", out)
	}
	t.Log(out)
}
