// Package component owns the pieces that pages share: marks, codes drawn as SVG, buttons and lists.
//
// It must not know which page it stands on. It imports nothing of internal/.
package component
