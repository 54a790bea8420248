package dataload

import "strings"

// valued are the vendor's flags that take a value, by their short letters.
const valued = "uisktbaworp"

// long are the vendor's flags, whose names may be shortened as long as only one
// of them begins so.
var long = []string{
	"apid_uri", "client-id", "client-secret", "config-key", "default-client", "type-name", "batch-size", "start-at",
	"workers", "timeout", "rate-limit", "dry-run", "delta-migration", "primary-key", "help",
}

// Spell puts arguments as runbooks of the vendor's loader write them into the
// form that every command reads: the documented -dm and -pk, and long flags cut
// short. known are all long flags of the command; what is none of these stays as
// it is.
func Spell(args []string, known []string) []string {
	spelled := make([]string, 0, len(args))
	for at := 0; at < len(args); at++ {
		arg := args[at]
		if arg == "--" {
			return append(spelled, args[at:]...)
		}
		name, value, has := strings.Cut(arg, "=")
		switch {
		case name == "-dm":
			name = "--delta-migration"
		case name == "-pk":
			name = "--primary-key"
		case strings.HasPrefix(name, "--"):
			name = "--" + whole(name[2:], known)
		}
		if has {
			spelled = append(spelled, name+"="+value)
			continue
		}
		spelled = append(spelled, name)
		if takesNext(name) && at+1 < len(args) {
			at++ // a value, whatever it looks like
			spelled = append(spelled, args[at])
		}
	}
	return spelled
}

// whole is the flag that a shortened name means, or the name itself.
func whole(name string, known []string) string {
	found := ""
	for _, flag := range known {
		if flag == name {
			return name
		}
	}
	for _, flag := range long {
		if strings.HasPrefix(flag, name) {
			if found != "" {
				return name // several begin so
			}
			found = flag
		}
	}
	for _, flag := range known {
		if strings.HasPrefix(flag, name) && flag != found {
			return name
		}
	}
	if found == "" {
		return name
	}
	return found
}

// takesNext reports whether the argument is a vendor's flag whose value is the
// next one: -p, --primary-key, and the last of several letters, as in -mp.
func takesNext(name string) bool {
	if strings.HasPrefix(name, "--") {
		switch name[2:] {
		case "default-client", "dry-run", "delta-migration", "help":
			return false
		}
		for _, flag := range long {
			if flag == name[2:] {
				return true
			}
		}
		return false
	}
	if len(name) < 2 || name[0] != '-' {
		return false
	}
	for i := 1; i < len(name); i++ {
		if strings.IndexByte(valued, name[i]) >= 0 {
			return i == len(name)-1 // what follows the letter is its value
		}
	}
	return false
}
