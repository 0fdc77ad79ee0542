// Package store is the contract between the engine and a database: what is kept, and what is
// promised about keeping it. The answers to it are its child folders; storetest is their exam.
//
// It knows the nouns of checkout and nothing of SQL, of any database, or of what the engine does.
package store
