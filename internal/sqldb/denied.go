package sqldb

import "errors"

// IsDenied reports whether an error, of whichever database, says that a right
// is missing: trying again will not help, and nothing is wrong with the data.
// Errors of connections say so by a method Denied.
func IsDenied(err error) bool {
	var refused interface{ Denied() bool }
	return errors.As(err, &refused) && refused.Denied()
}
