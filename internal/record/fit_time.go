package record

// fitDate takes a day, and a time without a zone only at midnight: which day
// an instant falls on depends on where one stands.
func fitDate(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindDate:
	case KindTimestamp:
		if v.num%secondsPerDay != 0 || v.nanos != 0 {
			return misfit(CodeWrongType, "a date without a time of day")
		}
	case KindTimestampTZ:
		return misfit(CodeWrongType, "a date without a time zone")
	case KindText:
		c, ok := scanClock(v.str)
		switch {
		case !ok:
			return misfit(CodeBadDate, "a day of the calendar written YYYY-MM-DD")
		case c.zoned:
			return misfit(CodeWrongType, "a date without a time zone")
		case c.seconds != 0 || c.nanos != 0:
			return misfit(CodeWrongType, "a date without a time of day")
		}
		v.num = c.day
	default:
		return misfit(CodeWrongType, "a date")
	}
	return inCalendar(Value{kind: KindDate, num: v.num})
}

// fitTimeOfDay leaves out 24:00, which some databases know and which would
// print like the midnight before.
func (t Type) fitTimeOfDay(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindTime:
	case KindText:
		var c clock
		if rest, ok := c.scanTime(v.str); !ok || rest != "" {
			return misfit(CodeBadDate, "a time of day written HH:MM:SS")
		}
		v = Value{kind: KindTime, num: c.seconds, nanos: c.nanos}
	default:
		return misfit(CodeWrongType, "a time of day")
	}
	if v.num < 0 || v.num >= secondsPerDay || v.nanos < 0 {
		return misfit(CodeOutOfRange, "a time of day from 00:00 to before 24:00")
	}
	return t.cutFraction(v), nil
}

// fitTimestamp gives a wall-clock time. Only the mapping's `zone` may turn an
// instant into one.
func (t Type) fitTimestamp(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindTimestamp:
	case KindDate:
		v.kind = KindTimestamp
	case KindTimestampTZ:
		return misfit(CodeWrongType, "a date and time without a zone")
	case KindText:
		c, ok := scanClock(v.str)
		if !ok {
			return misfit(CodeBadDate, "a date and time written YYYY-MM-DD HH:MM:SS")
		}
		if c.zoned {
			return misfit(CodeWrongType, "a date and time without a zone")
		}
		v = Value{kind: KindTimestamp, num: c.day + c.seconds, nanos: c.nanos}
	default:
		return misfit(CodeWrongType, "a date and time")
	}
	return inCalendar(t.cutFraction(v))
}

// fitInstant gives an instant, which wall-clock time is not until somebody
// says where the clock hung.
func (t Type) fitInstant(v Value) (Value, *Misfit) {
	switch v.kind {
	case KindTimestampTZ:
	case KindTimestamp, KindDate:
		return misfit(CodeWrongType, "a date and time with a time zone; give the field `zone:`")
	case KindText:
		c, ok := scanClock(v.str)
		if !ok {
			return misfit(CodeBadDate, "a date and time written YYYY-MM-DD HH:MM:SS+hh:mm")
		}
		if !c.zoned {
			return misfit(CodeWrongType, "a date and time with a time zone; give the field `zone:`")
		}
		v = Value{kind: KindTimestampTZ, num: c.day + c.seconds - c.zone, nanos: c.nanos}
	default:
		return misfit(CodeWrongType, "a date and time with a time zone")
	}
	return inCalendar(t.cutFraction(v))
}

// cutFraction cuts and does not round, so that 23:59:59.9 stays on its day.
func (t Type) cutFraction(v Value) Value {
	unit := int32(1_000_000_000)
	for i := 0; i < t.Fraction && unit > 1; i++ {
		unit /= 10
	}
	v.nanos -= v.nanos % unit
	return v
}

func inCalendar(v Value) (Value, *Misfit) {
	if v.num < firstSecond || v.num > lastSecond {
		return misfit(CodeOutOfRange, "a year from 1 to 9999")
	}
	return v, nil
}
