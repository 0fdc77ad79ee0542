// Package sqlite answers the contract of package store with one SQLite file.
//
// It owns the schema and its migrations, the translation between the nouns and rows, and the way in
// which work reaches the file: one goroutine with a connection of its own writes the transactions of
// all callers in batches, one fsync a batch (group commit, writer.go); reads go through a small pool
// of read-only connections (pool.go). An acknowledged write survives kill -9 and a power cut: the
// journal is a WAL and synchronous is FULL, which is read back at every start.
//
// It must not know what a state means, who may do what, or that there is HTTP. The rules that it
// does hold (one attempt in flight, one attempt a form, one row a provider's reference) are
// constraints of the schema.
package sqlite
