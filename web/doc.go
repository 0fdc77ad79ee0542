// Package web is where Echo lives, and nowhere else: the routes, and what they share. server.go is
// the route map on one screen.
//
// It must not decide anything about money or state: it asks the engine, and shows what is stored.
package web
