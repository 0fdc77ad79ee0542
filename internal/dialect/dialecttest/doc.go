// Package dialecttest is the exam that every dialect passes: total maps of states and errors, no way home
// as success without money, tenants and keys kept apart, hostile bodies answered, calls repeatable, and
// its API stories, kept as transcripts that the dialect's OpenAPI document must agree with.
//
// It runs the real thing: the engine on SQLite and the sandbox bank, with only time and ids injected.
package dialecttest
