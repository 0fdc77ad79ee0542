package static

import (
	"regexp"
	"strings"
)

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s+`)
	cssTight   = regexp.MustCompile(` ?([{};,>]) ?`)
	cssColon   = regexp.MustCompile(`: `)
)

var jsIdle = regexp.MustCompile(`(?m)^[ \t]*(//.*)?\n?`)

// lean takes comments that stand on their own line, and indentation, out of our own scripts.
func lean(js string) string { return jsIdle.ReplaceAllString(js, "") }

// minify takes comments and idle space out of our own style sheets, which keep to a plain form: no
// strings with spaces, no combinator of a single + or ~, ": " only after a property or a media feature.
func minify(css string) string {
	css = cssComment.ReplaceAllString(css, "")
	css = cssSpace.ReplaceAllString(css, " ")
	css = cssTight.ReplaceAllString(css, "$1")
	css = cssColon.ReplaceAllString(css, ":")
	return strings.TrimSpace(strings.ReplaceAll(css, ";}", "}"))
}
