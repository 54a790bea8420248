// Package httpapi lands records in an API that a Description describes: which
// requests create, change, delete and find records, how they are written, and
// how their answers are judged. A mapping file holds such a description, and
// presets for known APIs make theirs in Go.
//
// What it cannot do: bodies other than JSON and form parameters, answers other
// than JSON, uploads of files, answers that come later (jobs to be polled),
// access tokens that expire, and lists of more than one page.
package httpapi
