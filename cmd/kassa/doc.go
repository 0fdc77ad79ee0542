// Command kassa is the whole of Kassa: the server, its demo, and what an operator types.
//
// main.go is the table of commands, with one file for each; registry.go the tables of dialects and
// providers, and the only importer of them; wire.go puts store, engine, web and workers together.
package main
