package guard

// Code says why a protected target stays closed.
type Code string

// The codes of refusals.
const (
	CodeDisabled      Code = "mode-disabled"   // it is not armed
	CodeExpired       Code = "mode-expired"    // it was armed, and the time has run out
	CodeMigration     Code = "mode-migration"  // it is armed for another migration
	CodePlan          Code = "mode-plan"       // it is armed for a plan, and this is not held to it
	CodeConnection    Code = "mode-connection" // it is armed through another connection, or that demands something else by now
	CodeQuestions     Code = "questions"       // nobody has said what becomes of a column
	CodeClone         Code = "clone"           // it is not where its identity was recorded
	CodeIdentity      Code = "identity"        // what was typed is not what it is
	CodeWindow        Code = "window-closed"
	CodeBlackout      Code = "blackout"
	CodeBackup        Code = "backup"
	CodeApproval      Code = "approval"
	CodeStep          Code = "step"            // the window does not allow this kind of work
	CodeIndexesOpen   Code = "indexes-open"    // indexes that a run took away are not there again
	CodeProduction    Code = "production"      // the database is production, and the connection does not say so
	CodeArmedForOther Code = "armed-for-other" // it cannot be armed: it is armed for another migration
	CodeOtherDatabase Code = "other-database"  // a backup of another database's crosswalk is not restored into this one
	CodeUnderWay      Code = "under-way"       // it cannot be armed: somebody works on it who was let in when it was no production
)

// Codes lists them all.
var Codes = []Code{
	CodeDisabled, CodeExpired, CodeMigration, CodePlan, CodeConnection, CodeQuestions, CodeClone, CodeIdentity, CodeWindow, CodeBlackout, CodeBackup, CodeApproval, CodeStep,
	CodeIndexesOpen, CodeProduction, CodeArmedForOther, CodeOtherDatabase, CodeUnderWay,
}

// Refusal keeps a command from writing to a protected target, or ends one
// between two of its transactions. Nothing of what it refuses has been written.
type Refusal struct {
	Code Code
	Text string // what forbids it and what to do
}

// noted is how the audit tells it.
func (r *Refusal) noted() string { return string(r.Code) + ": " + r.Text }

// Error is the text with its code.
func (r *Refusal) Error() string { return "refused (" + string(r.Code) + "): " + r.Text }
