// Package admin will be the merchant's back office. It has no pages yet.
//
// It must not reach around the engine.
package admin
