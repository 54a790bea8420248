package mapping

// What the mapping language will say one day, by the place where it stands.
// Such a key gets an answer of its own, so that nobody looks for a typing
// mistake in it.
var (
	laterInFile   = []string{"scopes", "scope", "dedupe", "owns", "checks", "private", "renamed_from", "defaults"}
	laterInEntity = []string{
		"scope", "scopes", "dedupe", "owns", "checks", "check", "each", "fold", "on", "batch",
	}
	laterInFrom  = []string{"scope", "dedupe", "renamed_from"}
	laterInTo    = []string{"scope"}
	laterInField = []string{
		"each", "switch", "cases", "collapse", "fold", "default", "scope",
	}
)
