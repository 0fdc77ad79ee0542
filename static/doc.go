// Package static owns the files that pages use and that never change under their address: the style
// sheet that is written into each page, the script, the icon. Each is embedded, addressed by the
// hash of its content and compressed once.
//
// It must not know HTTP routes beyond its own prefix, pages or merchants.
package static
