package record

// Type is what a field of a source or a target declares about its values.
// The zero Type declares nothing and accepts every value as it is.
type Type struct {
	Kind   Kind   // kind of the canonical values; KindNull when nothing is declared
	Native string // the declaration as the outside system writes it, for messages

	Bits      int      // KindInt: 8, 16, 32, 64; KindFloat: 32, 64
	Unsigned  bool     // KindInt: no negative numbers
	Length    int      // KindText: longest text in characters; KindBytes: in bytes; 0 means no limit
	Fixed     bool     // KindText: padded with blanks to Length, which are no part of the value
	Precision int      // KindDecimal: digits in all; 0 means no limit
	Scale     int      // KindDecimal: digits after the point, when Precision is given
	Fraction  int      // time kinds: digits of the second that are kept (0 to 9)
	Enum      []string // KindText: the only texts allowed; nil means any
	UUID      bool     // KindText: the text is a UUID, canonical in lower case with hyphens
	FoldCase  bool     // KindText: the outside system compares it without regard to case
	List      bool     // KindJSON: an array and nothing else
	Sparse    bool     // KindJSON: members of objects that are null are no part of the value
	Without   []string // KindJSON: nor are members of these names, which the outside system gives by itself
}

// Misfit says why a value does not fit a Type.
type Misfit struct {
	Code     Code
	Expected string // what was expected, in words that show no value: "a whole number from -32768 to 32767"
}

// Error makes a Misfit usable as the cause of a Rejection.
func (m *Misfit) Error() string { return "expected " + m.Expected }

// Field is one named column of a source or a target as it presents itself. A
// file's fields have the zero Type: their cells are text.
type Field struct {
	Name       string
	Type       Type
	Nullable   bool
	HasDefault bool
	Generated  bool // computed by the outside system; may not be written
	Hidden     bool // what is written is never given back, as of passwords
	KeepsNull  bool // a NULL leaves the value that is there as it is, unless the mapping says otherwise
}
