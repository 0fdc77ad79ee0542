package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// restoring is the mark that stands beside a database while a restore puts it in place.
const restoring = ".restoring"

// leftover looks at the files before SQLite does. A -wal that is not empty, with nobody at work, was
// left by a process that did not stop in order: SQLite itself takes it away at a clean stop and at no
// other time, so it cannot lie as a marker of our own could. unclean asks for a look at the contents.
//
// SQLite reads a WAL up to the first frame that does not fit, silently: after a power cut that is
// right, for what follows was never acknowledged; after damage it loses payments. And it throws the
// WAL away when the file beside it is empty. So damage is looked for here, with ErrDamaged, in two
// ways. -shm survives every end of a process: it names the last frame that was acknowledged, and is
// written only once that frame is on the disk; so a WAL that does not reach it is damaged. Without a
// -shm (after a power cut it may be gone), two commits behind a frame that does not fit are proof,
// for at most one can be under way. What no look can find is a WAL that lost its end, or all of it,
// together with its -shm.
func leftover(path string) (unclean bool, err error) {
	if _, err := os.Lstat(path + restoring); err == nil {
		return false, fmt.Errorf("%s%s: a restore of this database was interrupted; run it again", path, restoring)
	}
	wal, walSize, err := sizeOf(path + "-wal")
	if err != nil {
		return false, err
	}
	main, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && main.Size() == 0:
		if walSize > 0 {
			return false, damaged(path, "it is missing or empty, but its -wal has data")
		}
		if err == nil {
			return false, damaged(path, "it is empty. Kassa never leaves an empty file, so its contents were lost (if it never had any, delete it)")
		}
		return false, nil
	case err != nil:
		return false, err
	}
	if !wal {
		if _, err := os.Stat(path + "-shm"); err != nil {
			return false, nil //nolint:nilerr // the usual: a clean stop leaves none
		}
	}
	if inUse(path) {
		return false, nil
	}
	index := readIndex(path + "-shm")
	if walSize == 0 {
		if index.valid && index.frames > index.backfilled {
			return false, damaged(path, fmt.Sprintf("its -wal is gone, and with it what was written in %d pages", index.frames))
		}
		return false, nil
	}
	f, err := os.Open(path + "-wal")
	if err != nil {
		return false, err
	}
	log, err := readLog(f, walSize)
	if err = errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	if what := log.against(index); what != "" {
		return true, damaged(path, what)
	}
	return true, nil
}

func sizeOf(path string) (exists bool, size int64, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	return true, info.Size(), nil
}

// walIndex is the head of a -shm file: SQLite's WalIndexHdr and WalCkptInfo.
type walIndex struct {
	valid      bool
	frames     uint32 // the last frame that was committed
	backfilled uint32 // the last frame that was moved into the file
	salt       [8]byte
}

func readIndex(path string) (x walIndex) {
	f, err := os.Open(path)
	if err != nil {
		return x
	}
	defer func() { _ = f.Close() }()
	var b [136]byte
	if _, err := io.ReadFull(f, b[:]); err != nil || !bytes.Equal(b[:48], b[48:96]) {
		return x
	}
	n := binary.NativeEndian
	s1, s2 := checksum(n, b[:40], 0, 0)
	x.valid = b[12] == 1 && n.Uint32(b[40:]) == s1 && n.Uint32(b[44:]) == s2
	x.frames, x.backfilled, x.salt = n.Uint32(b[16:]), n.Uint32(b[96:]), [8]byte(b[32:40])
	return x
}

// walLog is what a -wal file proves.
type walLog struct {
	header    bool // the head is whole
	blank     bool // the head is zeros: it never reached the disk
	salt      [8]byte
	committed uint32 // the last frame of the last commit that SQLite will see
	beyond    int    // commits behind a frame that does not fit
}

// readLog follows the chain of checksums. Each frame's begins with the one before it, as it is
// stored; so a chain can be taken up again behind a frame that is broken.
func readLog(f io.ReaderAt, size int64) (l walLog, err error) {
	var head [32]byte
	if _, err := f.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return l, err
	}
	big := binary.BigEndian
	var order binary.ByteOrder = binary.LittleEndian
	if big.Uint32(head[:])&1 == 1 {
		order = binary.BigEndian
	}
	s1, s2 := checksum(order, head[:24], 0, 0)
	page := int64(big.Uint32(head[8:]))
	l.header = big.Uint32(head[:])&^1 == 0x377f0682 && s1 == big.Uint32(head[24:]) && s2 == big.Uint32(head[28:]) &&
		page >= 512 && page <= 65536
	l.blank = head == [32]byte{}
	if !l.header {
		page, order = 4096, binary.NativeEndian // what every database of ours has
	}
	copy(l.salt[:], head[16:24])
	frame := make([]byte, 24+page)
	fits := l.header // every frame so far did
	for i := int64(0); 32+(i+1)*int64(len(frame)) <= size; i++ {
		if _, err := f.ReadAt(frame, 32+i*int64(len(frame))); err != nil {
			return l, err
		}
		if !l.header && i == 0 {
			copy(l.salt[:], frame[8:16])
		}
		p1, p2 := s1, s2
		if !l.header && i == 0 {
			p1, p2 = 0, 0
		}
		c1, c2 := checksum(order, frame[:8], p1, p2)
		c1, c2 = checksum(order, frame[24:], c1, c2)
		s1, s2 = big.Uint32(frame[16:]), big.Uint32(frame[20:])
		whole := [8]byte(frame[8:16]) == l.salt && c1 == s1 && c2 == s2 && big.Uint32(frame) > 0
		commit := big.Uint32(frame[4:]) > 0
		switch {
		case fits && whole:
			if commit {
				l.committed = uint32(i + 1)
			}
		case whole && commit:
			fits = false
			l.beyond++
		default:
			fits = false
		}
	}
	return l, nil
}

// against says what is wrong with a log, given the index of the same moment; "" is nothing.
func (l walLog) against(x walIndex) string {
	// A head lies in one sector: the disk has all of it or nothing.
	if !l.header {
		if !l.blank || l.beyond > 0 || x.valid && x.frames > x.backfilled {
			return "the head of its -wal is broken"
		}
		return ""
	}
	if x.valid && x.salt != l.salt {
		was, is := binary.BigEndian.Uint32(x.salt[:]), binary.BigEndian.Uint32(l.salt[:])
		began := is == was+1 && x.frames == x.backfilled // a new round of the WAL that is not in the index yet
		ended := was == is+1 && x.frames == 0            // a new round that is not in the WAL yet
		if !began && !ended {
			return "its -wal is not the one that was written last"
		}
	}
	if x.valid && x.salt == l.salt {
		if x.frames > l.committed {
			return fmt.Sprintf("its -wal is whole up to page %d only, and %d were written", l.committed, x.frames)
		}
		if x.frames == l.committed {
			return "" // behind it may lie what an older round, or a commit that failed, has left
		}
	}
	if l.beyond > 1 {
		return fmt.Sprintf("its -wal is broken behind page %d, and commits follow", l.committed)
	}
	return ""
}

// checksum is SQLite's, of the WAL: b's length is a multiple of eight.
func checksum(order binary.ByteOrder, b []byte, s1, s2 uint32) (uint32, uint32) {
	for ; len(b) >= 8; b = b[8:] {
		s1 += order.Uint32(b) + s2
		s2 += order.Uint32(b[4:]) + s1
	}
	return s1, s2
}
