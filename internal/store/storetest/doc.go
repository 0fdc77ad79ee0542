// Package storetest is the exam that every database must pass: what package store promises, as tests
// that know nothing of any database. A database's own tests call Run, and add what is its own
// (settings, files, failures of its disk).
//
// It reads the contract as follows where the contract leaves room. What an object keeps for life is
// not changed by an update: ids, merchant, session, channel, provider, dialect, method, form version,
// token, test mode, endpoint, event and the moment of creation. An update of a row that is not there is
// CodeNotFound. A claim gives the rows as they are afterwards. Where the limit of a claim of deliveries
// cuts, each endpoint's first one has a place before any endpoint's second. From is included in a list
// and To is not. Nil and empty bytes are the same.
package storetest
