package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// op is one thing that the driver asked for, as its log tells it.
type op struct {
	N       int    `json:"n"`
	Kind    string `json:"kind"`              // create, pay, refund
	Key     string `json:"key,omitempty"`     // the Idempotency-Key
	Session string `json:"session,omitempty"` // of a create: known when it was acknowledged
	Sent    string `json:"sent,omitempty"`    // the body
	Acked   bool   `json:"acked,omitempty"`
	Answer  string `json:"answer,omitempty"` // the body of the acknowledgement
}

// ackLog is the driver's own memory. A line is written before each call, and a second one when it was
// acknowledged; acknowledgements are on the disk before the driver goes on.
type ackLog struct {
	mu   sync.Mutex
	file *os.File
	next int
}

func newAckLog(path string) (*ackLog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	return &ackLog{file: f}, err
}

func (l *ackLog) write(o op) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(b, '\n')); err != nil {
		return err
	}
	if o.Acked {
		return l.file.Sync()
	}
	return nil
}

// begin writes down what is about to be asked.
func (l *ackLog) begin(o op) (op, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o.N, o.Acked, o.Answer = l.next, false, ""
	l.next++
	return o, l.write(o)
}

// ack writes down that it was acknowledged, and how.
func (l *ackLog) ack(o op, session, body string) (op, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o.Acked, o.Session, o.Answer = true, session, body
	return o, l.write(o)
}

// count is how many operations were begun.
func (l *ackLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// ops reads the log: everything that was ever asked, with its acknowledgement where there was one.
func (l *ackLog) ops() ([]op, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.Open(l.file.Name())
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var all []op
	lines := bufio.NewReader(f)
	for dec := json.NewDecoder(lines); dec.More(); {
		var o op
		if err := dec.Decode(&o); err != nil {
			return nil, err
		}
		switch {
		case o.N == len(all):
			all = append(all, o)
		case o.N < len(all):
			all[o.N] = o
		default:
			return nil, fmt.Errorf("the log lacks a line before %d", o.N)
		}
	}
	return all, nil
}
