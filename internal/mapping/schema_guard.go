package mapping

func guardSchema() schema {
	names := make([]any, len(dayNames))
	for i, name := range dayNames {
		names[i] = name
	}
	days := enum(names...)
	return described("what a production connection demands besides being armed", object(guardKeys, schema{
		"window": described("when it may be written to: one, or a list", oneOrMore(object(windowKeys, schema{
			"days":  described("of the week, on which it begins: every day unless told", oneOrMore(days)),
			"from":  described("22:00, by the zone's clocks", schema{"type": "string", "pattern": `^[0-9]{2}:[0-9]{2}$`}),
			"to":    described("05:00; not later than from: on the next day", schema{"type": "string", "pattern": `^[0-9]{2}:[0-9]{2}$`}),
			"zone":  described("Europe/Berlin, or UTC", text()),
			"allow": described("work that it allows besides writing records", oneOrMore(words(allowed...))),
		}, "from", "to", "zone"))),
		"blackout": described("when nothing is written, whatever windows say: one, or a list", oneOrMore(object(blackoutKeys, schema{
			"from": described("2026-12-24 18:00, by the zone's clocks", text()),
			"to":   described("2027-01-02 06:00", text()),
			"zone": described("Europe/Berlin, or UTC", text()),
		}, blackoutKeys...))),
		"backup": described("how old the last backup may be", object(backupKeys, schema{
			"query":         described("on the target: yields the time of the last backup", text()),
			"command":       described("prints it", texts()),
			"no_older_than": described("24h, or 7d", text()),
		}, "no_older_than")),
		"approval": described("other: runs want a plan that somebody other than its author approved", enum(ApprovalOther)),
	}))
}

// oneOrMore takes a value, or a list of such.
func oneOrMore(s schema) schema {
	return anyOf(s, schema{"type": "array", "minItems": 1, "items": s})
}
