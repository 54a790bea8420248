// Package jsonl reads records from files with one JSON object on each line.
//
// The members of the objects are the columns: those that the mapping lists, or
// all that are found in the first thousand lines of each file. Every value is
// text, as in other files: a string's characters, a number as it is written,
// true and false, and the JSON text of what is nested. null, and a member that
// is not there, are NULL.
//
// With listed columns, other members are left unread; with found ones, a member
// that turns up later rejects its line, so that nothing is lost unseen.
//
// What it cannot do: one array around all objects, objects over several lines,
// telling null from a member that is missing, counting the records beforehand.
// An empty string and null cannot be told apart in a file of records to retry,
// where both are null.
package jsonl
