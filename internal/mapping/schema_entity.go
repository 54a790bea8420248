package mapping

func entitySchema() schema {
	return object(entityKeys, schema{
		"from":         ref("from"),
		"to":           ref("to"),
		"fields":       schema{"description": "target columns, and where each comes from", "type": "object", "minProperties": 1, "additionalProperties": ref("field")},
		"ignore":       described("source columns that are left out on purpose: a list, or reasons by column", anyOf(texts(), schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "number", "boolean", "null"}}})),
		"ask":          schema{"description": "open questions by source column; none may be left in production", "type": "object", "additionalProperties": text()},
		"private":      described("source columns whose values are masked wherever a person might see them", texts()),
		"totals":       described("numbers over the whole target table that each run shows before and after", anyOf(ref("total"), schema{"type": "array", "minItems": 1, "items": ref("total")})),
		"fingerprint":  fingerprintSchema(),
		"log":          logSchema(),
		"stop_after":   stopAfterSchema("as for the file, counted over this entity alone"),
		"indexes":      described("rebuild: the table's secondary indexes are taken away before the first record and made again after the last", words(indexesWords...)),
		"analyze":      described("true: the table's statistics are refreshed after the last record", schema{"type": "boolean"}),
		"renamed_from": described("the entity's name in earlier runs", schema{"type": "string", "pattern": entityName.String()}),
		"null":         described("what NULL does to rows that are there: keep leaves their values, clear erases them", words(nullWords...)),
		"repeats":      described("records of one input that are the same thing: fail: the first goes on and the others fail; refuse: no run starts; first, last: that one goes on and the others are duplicates", words(repeatWords...)),
		"edited":       described("when a row was changed since it was written, and its source changed, too", words(EditedReject, EditedKeep, EditedOverwrite)),
		"missing":      described("when a row that was written is gone", words(MissingReject, MissingRecreate)),
		"on_match":     described("when a row that is there already matches", words(MatchReject, MatchLink, MatchUpdate)),
	}, "from", "to", "fields")
}

// totalSchema is what totalParser takes.
func totalSchema() schema {
	const name = `("([^"]|"")+"|[^\s"(),*]+)`
	column := `\(\s*` + name + `\s*\)`
	return schema{
		"type":        "string",
		"description": "sum, count, min or max: sum(balance), count() by status, sum(balance) by branch_id, status",
		"pattern":     `^\s*((sum|min|max|count)\s*` + column + `|count\s*\(\s*\))(\s*by\b\s*` + name + `(\s*,\s*` + name + `)*)?\s*$`,
	}
}

func fromSchema() schema {
	foldWord := anyOf(schema{"type": "string", "pattern": `^(trim|case|guid|pad:[0-9]+)$`},
		schema{"type": "object", "properties": schema{"pad": schema{"type": "integer", "minimum": 1, "maximum": widestPad}}, "required": []string{"pad"}, "additionalProperties": false})
	s := open(object(fromKeys, schema{
		"table":      described("a table or view of the source", text()),
		"query":      described("instead of a table", text()),
		"file":       described("instead of a table: a path, relative to this file", text()),
		"key":        described("the columns that name a record for ever", texts()),
		"fold":       described("what makes one key of texts that differ", anyOf(foldWord, schema{"type": "array", "minItems": 1, "items": foldWord})),
		"where":      described("a condition in the source's SQL", text()),
		"connection": described("another connection than source", text()),
		"each": described("a record of each of several columns that holds something", object(eachKeys, schema{
			SlotColumn: described("the columns; fields read the name of the one at hand as slot", texts()),
			"value":    described("name by which fields read what it holds: value", text()),
		}, SlotColumn)),
		"operation": described("the column that says what is to be done with a record; the whole input is refused where it says what a run cannot do", object(operationKeys, schema{
			"column": described("the column", text()),
			"insert": described("what it says of new records", operationWords()),
			"change": described("what it says of records that change", operationWords()),
		}, "column", "insert")),
	}, "key"))
	s["oneOf"] = []schema{{"required": []string{"table"}}, {"required": []string{"query"}}, {"required": []string{"file"}}}
	return s
}

func toSchema() schema {
	key := object(keyKeys, schema{
		"column":   described("the key column", text()),
		"columns":  described("the key columns, in order", texts()),
		"new":      described("where a new row's key comes from", words(KeyIdentity, KeySequence, KeyUUID, KeyNatural, KeyOffset, KeyInherited)),
		"sequence": described("new: sequence: its name, when the column has none of its own", text()),
		"version":  described("new: uuid: 7, or 5 for the same key every time", enum(7, 5)),

		"base":             described("new: offset: a key is this and the row number", schema{"type": "integer", "minimum": 0}),
		"start_row_number": described("new: offset: the first row number; left out: the one after the highest that was ever used", schema{"type": "integer", "minimum": 1}),
		"collisions":       described("new: offset: when a number is taken: resolve takes the next free one, strict refuses the run", words("resolve", "strict")),
		"width":            described("new: offset: digits of a key at most; a text is filled up with zeros to as many", schema{"type": "integer", "minimum": 1, "maximum": widestKey}),
		"space":            described("new: offset: entities of one space share their row numbers", schema{"type": "string", "pattern": entityName.String()}),
		"from":             described("new: inherited: the field that refers to the row whose key this one begins with", text()),
		"digits":           described("new: inherited: of the number that follows the parent's key", schema{"type": "integer", "minimum": 1, "maximum": widestKey}),
		"registry": described("a table in which every new key is written down, too", object(registryKeys, schema{
			"table":  described("the table", text()),
			"column": described("its column that holds keys", text()),
			"fields": described("what its other columns hold", schema{"type": "object", "minProperties": 1, "additionalProperties": text()}),
		}, "table", "column")),
	}, "new")
	key["oneOf"] = []schema{{"required": []string{"column"}}, {"required": []string{"columns"}}}
	return object(toKeys, schema{
		"table":    described("the target table", text()),
		"key":      key,
		"collapse": described("true: records that turn out to be one row land once, the others are duplicates", schema{"type": "boolean"}),
		"verify":   described("of an API, true: records that are as they landed are looked at there, too, so that what is gone or was changed is told", schema{"type": "boolean"}),
		"match":    described("the fields by which a row that is there already is recognised", texts()),
	}, "table", "key")
}

func fieldSchema() schema {
	fields := object(fieldKeys, schema{
		"from":   described("the source column, or several in order", texts()),
		"do":     described("steps, in this order", anyOf(words(stepNames()...), schema{"type": "array", "minItems": 1, "items": words(stepNames()...)})),
		"join":   described("what stands between several columns; blanks are skipped", text()),
		"values": described("target value by source value, or a CSV file with the columns from,to", anyOf(schema{"type": "string"}, schema{"type": "object", "minProperties": 1, "additionalProperties": schema{"type": []string{"string", "number", "boolean", "null"}}})),
		"date":   described("how 2 January 2006 is written there, tried in order", texts()),
		"zone":   described("the zone that times without one are meant in: Europe/Berlin", text()),
		"ref": described("the entity that the field refers to, or a choice among several", anyOf(text(), object(refKeys, schema{
			"switch": described("the source column that says which", text()),
			"cases":  described("entities by what it says", schema{"type": "object", "minProperties": 1, "additionalProperties": text()}),
		}, "switch", "cases"))),
		"by":           described("other source columns of the entity, which from holds the values of instead of its key", texts()),
		"lookup":       described("a target table that nobody migrates", text()),
		"where":        described("source column by column of that table", schema{"type": "object", "minProperties": 1, "additionalProperties": text()}),
		"take":         described("the column of that table whose value is written", text()),
		"missing":      described("when the record referred to is not there", enum(string(OrphanReject), string(OrphanNull), nil)),
		"const":        described("the same value on every row", schema{"type": []string{"string", "number", "boolean", "null"}}),
		"expr":         described(`an expression over the source columns: trim(First) + " " + row["Last Name"]`, text()),
		"check":        described("rules that the value must keep", anyOf(ref("rule"), schema{"type": "array", "minItems": 1, "items": ref("rule")})),
		"on":           described("create: written when the row is inserted, never compared or updated; always: written with every update, also where the column is hidden, as passwords are", words(onWords...)),
		"null":         described("what NULL does to a row that is there: keep leaves its value, clear erases it", words(nullWords...)),
		"private":      described("true: its values are masked wherever a person might see them", schema{"type": "boolean"}),
		"renamed_from": described("the column's name in earlier runs", text()),
		"empty":        described("keep: empty text stays empty text instead of becoming NULL", words("keep")),
	})
	fields["minProperties"] = 1
	return anyOf(text(), fields)
}

func ruleSchema() schema {
	told := object(ruleNames, schema{
		ruleEmail:    enum(true),
		ruleRequired: enum(true),
		ruleLength:   described("in characters", ref("limits")),
		ruleRange:    described("for numbers, dates and times", ref("limits")),
		rulePattern:  described("a regular expression for the whole text", text()),
		ruleOneOf:    described("the only values allowed", texts()),
	})
	told["minProperties"] = 1
	return anyOf(words(ruleEmail, ruleRequired), told)
}
