package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// traced runs the load under strace and gives everything that it did to its files and acknowledged.
func traced(t *testing.T, path, level string, sessions int) []diskOp {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is needed: make tools installs it")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(strace, "-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", "signal=none", "-o", out,
		"-e", "trace=write,pwrite64,pwritev,writev,ftruncate,fallocate,fsync,fdatasync,msync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2",
		program, childArg, "load", path, level, strconv.Itoa(sessions))
	if text, err := cmd.CombinedOutput(); err != nil || len(text) == 0 {
		t.Fatalf("the load under strace: %v\n%s", err, text)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ops, err := readTrace(f, path)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

// readTrace understands strace's lines about one database's files and stdout. A call that it would
// have to understand and does not is an error: a harness that overlooks a write proves nothing.
func readTrace(f *os.File, path string) ([]diskOp, error) {
	var ops []diskOp
	begun := map[string]string{} // process -> a call that has not ended
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		process, call, _ := strings.Cut(lines.Text(), " ")
		call = strings.TrimSpace(call)
		ended := true
		if rest, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			begun[process], call, ended = rest, rest, false
		} else if strings.HasPrefix(call, "<... ") {
			rest := call
			call = begun[process]
			delete(begun, process)
			if name, _, _ := strings.Cut(call, "("); name != "fsync" && name != "fdatasync" || !strings.Contains(rest, "= 0") {
				continue // it was taken when it began
			}
			if file, ours := fileOf(call, path); ours {
				ops = append(ops, diskOp{kind: 'S', file: file})
			}
			continue
		}
		next, err := readCall(call, path, ended)
		if err != nil {
			return nil, err
		}
		ops = append(ops, next...)
	}
	return ops, lines.Err()
}

// readCall reads one call: its name, the file, its bytes in hex, numbers.
func readCall(call, path string, ended bool) ([]diskOp, error) {
	name, rest, ok := strings.Cut(call, "(")
	if !ok {
		return nil, nil // the end of a process
	}
	strange := func() error { return fmt.Errorf("a call that is not understood: %.300s", call) }
	switch name {
	case "unlink", "unlinkat":
		_, quoted, ok := strings.Cut(rest, `"`)
		quoted, _, ok2 := strings.Cut(quoted, `"`)
		if !ok || !ok2 {
			return nil, strange()
		}
		if file, ours := ourFile(unhex(quoted), path); ours {
			return []diskOp{{kind: 'u', file: file}}, nil
		}
		return nil, nil
	case "rename", "renameat", "renameat2":
		if strings.Contains(string(unhex(rest)), filepath.Base(path)) {
			return nil, strange()
		}
		return nil, nil
	}
	file, ours := fileOf(call, path)
	if strings.HasPrefix(rest, "1<") && name == "write" {
		data, _, err := bytesOf(rest)
		if err != nil {
			return nil, strange()
		}
		return []diskOp{{kind: 'a', ack: strings.TrimSpace(string(data))}}, nil
	}
	if !ours {
		return nil, nil
	}
	switch name {
	case "fsync", "fdatasync":
		if !ended {
			return []diskOp{{kind: 's', file: file}}, nil
		}
		return []diskOp{{kind: 's', file: file}, {kind: 'S', file: file}}, nil
	case "pwrite64":
		data, tail, err := bytesOf(rest)
		if err != nil {
			return nil, strange()
		}
		numbers := strings.Split(strings.Trim(strings.Split(tail, ")")[0], ", "), ", ")
		if len(numbers) != 2 || numbers[0] != strconv.Itoa(len(data)) {
			return nil, strange()
		}
		off, err := strconv.ParseInt(strings.TrimSpace(numbers[1]), 10, 64)
		if err != nil {
			return nil, strange()
		}
		return []diskOp{{kind: 'w', file: file, off: off, data: data}}, nil
	case "ftruncate":
		_, tail, _ := strings.Cut(rest, ">, ")
		size, err := strconv.ParseInt(strings.TrimSpace(strings.Split(tail, ")")[0]), 10, 64)
		if err != nil {
			return nil, strange()
		}
		return []diskOp{{kind: 't', file: file, off: size}}, nil
	}
	return nil, strange()
}

// fileOf gives the name of the call's file if it is one of the database's: 5</tmp/kassa.db-wal>.
func fileOf(call, path string) (string, bool) {
	_, rest, _ := strings.Cut(call, "<")
	name, _, _ := strings.Cut(rest, ">")
	return ourFile(unhex(name), path)
}

func ourFile(name []byte, path string) (string, bool) {
	s := string(name)
	return filepath.Base(s), s == path || s == path+"-wal" || s == path+"-journal"
}

// bytesOf reads a text in quotes, and gives what follows it.
func bytesOf(s string) (data []byte, tail string, err error) {
	_, quoted, ok := strings.Cut(s, `"`)
	quoted, tail, ok2 := strings.Cut(quoted, `"`)
	if !ok || !ok2 || strings.HasPrefix(tail, "...") {
		return nil, "", fmt.Errorf("not whole")
	}
	return unhex(quoted), tail, nil
}

// unhex reads \x41 as A, and leaves other characters.
func unhex(s string) []byte {
	out := make([]byte, 0, len(s)/4+1)
	for i := 0; i < len(s); i++ {
		if i+3 < len(s) && s[i] == '\\' && s[i+1] == 'x' {
			if v, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				out = append(out, byte(v))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}
