package postgres

import (
	"landfall/internal/record"
)

// builtinType describes a type by its identifier and modifier alone, which is
// all that a query's result tells. Types it does not know are text.
func builtinType(oid uint32, modifier int32) record.Type {
	switch oid {
	case oidBool:
		return record.Type{Kind: record.KindBool, Native: "boolean"}
	case oidInt2:
		return record.Type{Kind: record.KindInt, Native: "smallint", Bits: 16}
	case oidInt4:
		return record.Type{Kind: record.KindInt, Native: "integer", Bits: 32}
	case oidInt8:
		return record.Type{Kind: record.KindInt, Native: "bigint", Bits: 64}
	case oidOID:
		return record.Type{Kind: record.KindInt, Native: "oid", Bits: 32, Unsigned: true}
	case oidFloat4:
		return record.Type{Kind: record.KindFloat, Native: "real", Bits: 32}
	case oidFloat8:
		return record.Type{Kind: record.KindFloat, Native: "double precision", Bits: 64}
	case oidNumeric:
		precision, scale := numericModifier(modifier)
		return record.Type{Kind: record.KindDecimal, Native: "numeric", Precision: precision, Scale: scale}
	case oidText:
		return record.Type{Kind: record.KindText, Native: "text"}
	case oidName:
		return record.Type{Kind: record.KindText, Native: "name", Length: 63}
	case oidVarchar:
		return record.Type{Kind: record.KindText, Native: "character varying", Length: lengthModifier(modifier)}
	case oidBpchar:
		return record.Type{Kind: record.KindText, Native: "character", Length: lengthModifier(modifier), Fixed: true}
	case oidUUID:
		return record.Type{Kind: record.KindText, Native: "uuid", UUID: true}
	case oidBytea:
		return record.Type{Kind: record.KindBytes, Native: "bytea"}
	case oidDate:
		return record.Type{Kind: record.KindDate, Native: "date"}
	case oidTime:
		return record.Type{Kind: record.KindTime, Native: "time without time zone", Fraction: fractionModifier(modifier)}
	case oidTimestamp:
		return record.Type{Kind: record.KindTimestamp, Native: "timestamp without time zone", Fraction: fractionModifier(modifier)}
	case oidTimestampTZ:
		return record.Type{Kind: record.KindTimestampTZ, Native: "timestamp with time zone", Fraction: fractionModifier(modifier)}
	case oidJSON:
		return record.Type{Kind: record.KindJSON, Native: "json"}
	case oidJSONB:
		return record.Type{Kind: record.KindJSON, Native: "jsonb"}
	}
	return record.Type{Kind: record.KindText, Native: "text"}
}

// numericModifier takes numeric(p,s) apart; since PostgreSQL 15 the scale may
// be negative and is kept in eleven bits.
func numericModifier(modifier int32) (precision, scale int) {
	if modifier < 4 {
		return 0, 0
	}
	return int((modifier - 4) >> 16 & 0xffff), int(((modifier-4)&0x7ff)^1024) - 1024
}

func lengthModifier(modifier int32) int {
	if modifier < 4 {
		return 0
	}
	return int(modifier - 4)
}

func fractionModifier(modifier int32) int {
	if modifier < 0 {
		return 6
	}
	return int(modifier)
}
