// Package page is what every page of ours needs: rendering to bytes, compression, security headers,
// the shopper's language, and the browser session.
//
// It must not know what a page is about.
package page
