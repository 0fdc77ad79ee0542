package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// journal is the ledger's file: one payment a line, the newest line of a payment counts. A line is
// one write(), so what was answered survives kill -9; there is no fsync, because a test bank need not
// survive a power cut.
type journal struct {
	file *os.File
	size int64 // of the lines that are whole
	err  error // set when the file can no longer be trusted
}

// openJournal reads every whole line and cuts off a torn last one. A damaged line in the middle is an
// error: money would be missing from the books.
func openJournal(path string, each func(*Payment)) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file}
	if err := j.read(each); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: journal %s: %w", path, err), file.Close())
	}
	return j, nil
}

func (j *journal) read(each func(*Payment)) error {
	r := bufio.NewReaderSize(j.file, 1<<16)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // what is left has no end: it was never answered
			return j.rewind()
		}
		if err != nil {
			return err
		}
		p := new(Payment)
		if err := json.Unmarshal(bytes.TrimSuffix(line, []byte("\n")), p); err != nil || p.ID == "" || len(p.Steps) == 0 {
			return fmt.Errorf("damaged at byte %d", j.size)
		}
		j.size += int64(len(line))
		each(p)
	}
}

// rewind forgets whatever stands after the last whole line.
func (j *journal) rewind() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// write appends one line, whole or not at all.
func (j *journal) write(line []byte) error {
	if j.err != nil {
		return j.err
	}
	if _, err := j.file.Write(line); err != nil {
		if cut := j.rewind(); cut != nil {
			j.err = errors.Join(err, cut)
		}
		return err
	}
	j.size += int64(len(line))
	return nil
}

func (j *journal) close() error { return j.file.Close() }
