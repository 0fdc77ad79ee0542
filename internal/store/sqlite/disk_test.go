package sqlite

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// diskOp is one thing that a process did to the disk, or an acknowledgement that it gave.
type diskOp struct {
	kind byte // 'w'rite, 't'runcate, 's'ync begun, 'S'ync done, 'u'nlink, 'a'cknowledged
	file string
	off  int64 // write, truncate: where
	data []byte
	ack  string
}

// diskFile is a file as it certainly is after a power cut, and what may or may not have reached it.
type diskFile struct {
	safe    []byte
	pending []diskOp
	syncing int // how much of pending the sync under way covers
}

// disk is the model of a disk that keeps its word about flushes, and about nothing else.
type disk map[string]*diskFile

func (d disk) file(name string) *diskFile {
	if d[name] == nil {
		d[name] = &diskFile{}
	}
	return d[name]
}

func (d disk) apply(o diskOp) {
	switch o.kind {
	case 'w', 't':
		f := d.file(o.file)
		f.pending = append(f.pending, o)
	case 's':
		f := d.file(o.file)
		f.syncing = len(f.pending)
	case 'S':
		f := d.file(o.file)
		for _, p := range f.pending[:f.syncing] {
			f.safe = p.onto(f.safe)
		}
		f.pending, f.syncing = slices.Clone(f.pending[f.syncing:]), 0
	case 'u':
		delete(d, o.file)
	}
}

// onto gives a file's bytes after a write or a truncate.
func (o diskOp) onto(b []byte) []byte {
	end := o.off + int64(len(o.data))
	if o.kind == 't' {
		if o.off <= int64(len(b)) {
			return b[:o.off]
		}
		end = o.off
	}
	if end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[o.off:], o.data)
	return b
}

// torn gives the parts of a write that a disk with sectors of 512 bytes may have written.
func (o diskOp) torn(r *rand.Rand) (parts []diskOp) {
	if o.kind == 't' {
		return nil
	}
	for at := int64(0); at < int64(len(o.data)); {
		end := min((o.off+at)/512*512+512-o.off, int64(len(o.data)))
		if r.IntN(2) == 0 {
			parts = append(parts, diskOp{kind: 'w', off: o.off + at, data: o.data[at:end]})
		}
		at = end
	}
	return parts
}

// cut gives every file's bytes after a power cut now.
func (d disk) cut(r *rand.Rand) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range slices.Sorted(mapKeys(d)) {
		f := d[name]
		b := slices.Clone(f.safe)
		how, until := r.IntN(5), r.IntN(len(f.pending)+1)
		for i, p := range f.pending {
			switch {
			case how == 0: // nothing
			case how == 1, how == 2 && i < until, how == 3 && r.IntN(2) == 0, how == 4 && i < until-1:
				b = p.onto(b)
			case how == 4 && i == until-1, how == 3 && r.IntN(4) == 0:
				for _, part := range p.torn(r) {
					b = part.onto(b)
				}
			}
		}
		out[name] = b
	}
	return out
}

func mapKeys(d disk) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range d {
			if !yield(k) {
				return
			}
		}
	}
}

// lay writes files to a folder.
func lay(dir string, files map[string][]byte) error {
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
