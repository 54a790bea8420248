package cloudemulator

// Schema is the schema of an emulator that is given none: one type, user, such
// as registration applications have it.
func Schema() []Type {
	text := func(name string, length int) Attribute {
		return Attribute{Name: name, Kind: String, Length: length}
	}
	address := []Attribute{
		text("address1", 256), text("address2", 256), text("city", 256), text("company", 256),
		text("country", 256), text("mobile", 64), text("phone", 64), text("stateAbbreviation", 8), text("zip", 32),
	}
	return []Type{{
		Name: "user",
		Attributes: []Attribute{
			{Name: "email", Kind: String, Length: 256, Required: true, Unique: true},
			{Name: "emailVerified", Kind: DateTime},
			{Name: "password", Kind: Password},
			text("givenName", 256), text("middleName", 256), text("familyName", 256),
			text("displayName", 256), text("aboutMe", 4096),
			{Name: "birthday", Kind: Date},
			text("gender", 32), text("locale", 32),
			{Name: "externalId", Kind: String, Length: 128, CaseSensitive: true},
			{Name: "visits", Kind: Integer},
			{Name: "balance", Kind: Decimal},
			{Name: "preferences", Kind: JSON},
			{Name: "lastLogin", Kind: DateTime},
			{Name: "optIn", Kind: Object, Attributes: []Attribute{
				{Name: "status", Kind: Boolean},
				{Name: "updated", Kind: DateTime},
			}},
			{Name: "primaryAddress", Kind: Object, Attributes: address},
			{Name: "loyalty", Kind: Object, Attributes: []Attribute{
				{Name: "id", Kind: String, Length: 64, CaseSensitive: true, Unique: true},
				{Name: "tier", Kind: String, Length: 32},
			}},
			{Name: "clients", Kind: Plural, Attributes: []Attribute{
				{Name: "clientId", Kind: String, Length: 256, CaseSensitive: true},
				{Name: "name", Kind: String, Length: 256},
				{Name: "channel", Kind: String, Length: 256},
				{Name: "firstLogin", Kind: DateTime},
				{Name: "lastLogin", Kind: DateTime},
			}},
			{Name: "profiles", Kind: Plural, Attributes: []Attribute{
				{Name: "domain", Kind: String, Length: 256},
				{Name: "identifier", Kind: String, Length: 512, CaseSensitive: true, LocallyUnique: true},
				{Name: "profile", Kind: JSON},
			}},
		},
	}}
}
