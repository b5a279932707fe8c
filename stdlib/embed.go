// Package stdlib holds the modules of @std that are written in the language
// of runbooks itself. It imports the standard library only.
package stdlib

import "embed"

// FS holds the modules: load("@std//web.star", "vhost") reads web.star.
//
//go:embed web.star paths.star text.star
var FS embed.FS
