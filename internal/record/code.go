package record

// Code is why a record was rejected: a closed list that reports group by.
type Code string

// The codes. Each is given by exactly one step of a record's way, named after
// the dash.
const (
	CodeMissingKey   Code = "missing-key"    // read: the source key is NULL or blank
	CodeRaggedRow    Code = "ragged-row"     // read: the row has more or fewer cells than the header
	CodeBadEncoding  Code = "bad-encoding"   // read: bytes that are not text in the declared encoding
	CodeBadRow       Code = "bad-row"        // read: the row cannot be taken apart at all
	CodeBadDate      Code = "bad-date"       // shape: text that is no date in any of the declared layouts
	CodeUnknownCode  Code = "unknown-code"   // shape: a value that the mapping's `values` does not list
	CodeBadExpr      Code = "bad-expression" // shape: an `expr` that cannot be computed for this record
	CodeWrongType    Code = "wrong-type"     // shape, land: a value that the target's type cannot hold
	CodeTooLong      Code = "too-long"       // read, shape, decide, land: text longer than the books or the target keep
	CodeOutOfRange   Code = "out-of-range"   // shape, land: a number or time outside of what the target declares
	CodeNotNull      Code = "not-null"       // shape, decide, land: nothing where the target wants a value
	CodeRule         Code = "rule"           // shape: a value that breaks a rule of the mapping's `check`
	CodeDuplicateKey Code = "duplicate-key"  // dedupe: an earlier record of this input holds the same key or unique value
	CodeRepeated     Code = "repeated"       // dedupe: another record of this input holds the same key or unique value and goes on in its place (disposition duplicate)

	CodeMissingParent Code = "missing-parent" // resolve: no record of that key was ever read
	CodeNotFound      Code = "not-found"      // resolve: a look-up finds no row of the target
	CodeParentFailed  Code = "parent-failed"  // resolve: the referenced record itself did not land (disposition blocked)
	CodeParentUndone  Code = "parent-undone"  // resolve: the referenced record landed and was rolled back (disposition blocked)
	CodeUnique        Code = "unique"         // land: a row in the target already holds the value
	CodeForeignKey    Code = "foreign-key"    // land: a row that the target references does not exist
	CodeCheck         Code = "check"          // land: a rule (CHECK) of the target refuses the row
	CodeRefused       Code = "refused"        // land: the target refuses for a reason of its own (trigger, policy)
	CodeNotWritten    Code = "not-written"    // land: the target took the row without complaint but did not keep it
	CodePartial       Code = "partial"        // land: an API changed the record in some fields and not in others
	CodeNoAnswer      Code = "no-answer"      // land: an API's answer was lost, and what became of the record could not be found out (disposition unknown)

	CodeAmbiguous     Code = "ambiguous"           // resolve, decide: several records or target rows are meant
	CodeMatchExists   Code = "match-exists"        // decide: a target row matches and the policy says reject
	CodeMatchClaimed  Code = "match-claimed"       // decide: the matching row already belongs to another source record
	CodeEdited        Code = "edited"              // decide: the target row was changed since we wrote it
	CodeMissing       Code = "missing"             // decide: the target row we wrote is gone
	CodeKeysExhausted Code = "key-space-exhausted" // decide: no number is left of which the row's key could be made
	CodePlanDrift     Code = "plan-drift"          // read, resolve, decide, land: it is not what the plan that the run is held to foresaw

	// Those of waves, which insert and do nothing else.
	CodeParentLater     Code = "parent-later"       // resolve: the referenced record lands later, and the reference could not be filled in then (disposition blocked)
	CodeMapped          Code = "mapped-but-missing" // resolve, decide: the crosswalk names a row that is gone from the target (of a parent: disposition blocked)
	CodeConverted       Code = "already-converted"  // decide: the record landed before, with other content
	CodeKeyInProduction Code = "key-in-production"  // decide, land: a row is there that the record did not become

	CodeReferenced Code = "referenced" // undo: rows refer to the row that are not undone
	CodeCascade    Code = "cascade"    // undo: the target would go on to change rows that refer to it
	CodeTrigger    Code = "trigger"    // undo: a trigger of the target would go off
	CodeLaterRun   Code = "later-run"  // undo: a later run wrote the record, and is undone first
	CodeNoImage    Code = "no-image"   // undo: the books hold nothing to put back
)

// Misplaced reports whether the cells of a record with this code may stand under
// other columns than their own: its row could not be laid out under the header.
func (c Code) Misplaced() bool {
	return c == CodeRaggedRow || c == CodeBadEncoding || c == CodeBadRow
}

// Codes lists them all, in the order of a record's way.
var Codes = []Code{
	CodeMissingKey,
	CodeRaggedRow,
	CodeBadEncoding,
	CodeBadRow,
	CodeBadDate,
	CodeUnknownCode,
	CodeBadExpr,
	CodeWrongType,
	CodeTooLong,
	CodeOutOfRange,
	CodeNotNull,
	CodeRule,
	CodeDuplicateKey,
	CodeRepeated,
	CodeMissingParent,
	CodeNotFound,
	CodeParentFailed,
	CodeParentUndone,
	CodeUnique,
	CodeForeignKey,
	CodeCheck,
	CodeRefused,
	CodeNotWritten,
	CodePartial,
	CodeNoAnswer,
	CodeAmbiguous,
	CodeMatchExists,
	CodeMatchClaimed,
	CodeEdited,
	CodeMissing,
	CodeKeysExhausted,
	CodePlanDrift,
	CodeParentLater,
	CodeMapped,
	CodeConverted,
	CodeKeyInProduction,
	CodeReferenced,
	CodeCascade,
	CodeTrigger,
	CodeLaterRun,
	CodeNoImage,
}
